// SPDX-License-Identifier: Apache-2.0
#include "platform/document.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/encoding.h"

namespace caisson::platform {
namespace {

/// The library asserts, and with NDEBUG assumes, what a typing mistake such as `a = [}` breaks.
/// Here its assertions throw, whatever the build: a broken manifest is a mistake to report, never
/// an abort or undefined behaviour.
struct BrokenAssumption : std::exception {};

constexpr void expect_assumption(bool holds) {
    if (!holds) {
        throw BrokenAssumption();
    }
}

}  // namespace
}  // namespace caisson::platform

#undef NDEBUG
#define TOML_ASSERT(condition) caisson::platform::expect_assumption(static_cast<bool>(condition))
#include <toml++/toml.h>

namespace caisson::platform {
namespace {

constexpr std::size_t largest_document = 1024 * 1024;
/// TOML has no limit of its own, and both the library and we recurse into sections.
constexpr std::size_t most_dots_in_a_line = 200;

Place place_of(const toml::source_region& region, const std::string& file) {
    return {file, region.begin.line, region.begin.column};
}

Node convert(const toml::node& source, const std::string& file);

Node convert_table(const toml::table& table, const std::string& file) {
    Node node;
    node.type = NodeType::section;
    for (const auto& [key, value] : table) {
        Member member{std::string(key.str()), place_of(key.source(), file), convert(value, file)};
        node.members.push_back(std::move(member));
    }
    // The library sorts by name; people read from top to bottom.
    std::stable_sort(node.members.begin(), node.members.end(),
                     [](const Member& a, const Member& b) {
                         return std::pair(a.place.line, a.place.column) <
                                std::pair(b.place.line, b.place.column);
                     });
    return node;
}

Node convert_list(const toml::array& list, const std::string& file) {
    Node node;
    node.type = NodeType::list;
    for (const auto& item : list) {
        node.items.push_back(convert(item, file));
    }
    return node;
}

Node convert(const toml::node& source, const std::string& file) {
    Node node;
    if (const auto* table = source.as_table()) {
        node = convert_table(*table, file);
    } else if (const auto* list = source.as_array()) {
        node = convert_list(*list, file);
    } else if (const auto* text = source.as_string()) {
        node.type = NodeType::text;
        node.text = text->get();
    } else if (const auto* integer = source.as_integer()) {
        node.type = NodeType::integer;
        node.integer = integer->get();
        node.number = static_cast<double>(node.integer);
        node.text = std::to_string(node.integer);
    } else if (const auto* number = source.as_floating_point()) {
        node.type = NodeType::number;
        node.number = number->get();
        node.text = fmt::format("{}", node.number);
    } else if (const auto* boolean = source.as_boolean()) {
        node.type = NodeType::boolean;
        node.boolean = boolean->get();
        node.text = node.boolean ? "true" : "false";
    } else {
        node.type = NodeType::date;
        std::ostringstream shown;
        source.visit([&](const auto& value) {
            if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                          toml::is_date_time<decltype(value)>) {
                shown << value.get();
            }
        });
        node.text = shown.str();
    }
    node.place = place_of(source.source(), file);
    return node;
}

/// What would exhaust the stack or the patience of whoever waits, as a mistake.
std::optional<Mistake> too_large(const std::string& text, const std::string& file) {
    if (text.size() > largest_document) {
        return Mistake{{file, 1, 1},
                       fmt::format("the file has {}; expected at most {}", human_bytes(text.size()),
                                   human_bytes(largest_document)),
                       "a manifest declares a platform; data belongs into seeds/"};
    }
    std::size_t line = 1;
    std::size_t dots = 0;
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            dots = 0;
        } else if (c == '.' && ++dots > most_dots_in_a_line) {
            return Mistake{
                {file, line, 1},
                fmt::format("the line has more than {} dots; expected sections a few levels deep",
                            most_dots_in_a_line),
                {}};
        }
    }
    return std::nullopt;
}

bool breaks_an_assumption(std::string_view text) {
    try {
        static_cast<void>(toml::parse(text));
    } catch (const toml::parse_error&) {
        return false;
    } catch (const BrokenAssumption&) {
        return true;
    }
    return false;
}

/// The byte at which the library stumbles. It reads from left to right, so that every longer
/// beginning of the text makes it stumble too: the shortest one is found by halving.
std::size_t where_it_breaks(std::string_view text) {
    std::size_t fine = 0;
    std::size_t broken = text.size();
    while (fine + 1 < broken) {
        const auto middle = fine + (broken - fine) / 2;
        (breaks_an_assumption(text.substr(0, middle)) ? broken : fine) = middle;
    }
    return fine;
}

constexpr const char* syntax_remedy =
    "strings are written in quotes, sections as [name]; see https://toml.io";

std::string sentence_start(std::string_view text) {
    std::string result(text);
    if (!result.empty() && result[0] >= 'A' && result[0] <= 'Z') {
        result[0] = static_cast<char>(result[0] - 'A' + 'a');
    }
    return result;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
    return found == members.end() ? nullptr : &found->value;
}

std::optional<Node> read_document(const std::string& text, const std::string& file,
                                  std::vector<Mistake>& mistakes) {
    if (auto mistake = too_large(text, file)) {
        mistakes.push_back(std::move(*mistake));
        return std::nullopt;
    }
    if (const auto bad = first_bad_byte(text)) {
        const auto position = position_of(text, *bad);
        mistakes.push_back({{file, position.line, position.column},
                            fmt::format("the byte 0x{:02X} is not UTF-8; expected UTF-8 text",
                                        static_cast<unsigned char>(text[*bad])),
                            "save the file as UTF-8"});
        return std::nullopt;
    }
    try {
        const toml::table table = toml::parse(text, file);
        Node node = convert_table(table, file);
        node.place = {file, 1, 1};
        return node;
    } catch (const toml::parse_error& error) {
        mistakes.push_back(
            {place_of(error.source(), file),
             fmt::format("this is not TOML: {}", sentence_start(error.description())),
             syntax_remedy});
    } catch (const BrokenAssumption&) {
        const auto position = position_of(text, where_it_breaks(text));
        mistakes.push_back({{file, position.line, position.column},
                            "this is not TOML: a character that cannot stand here",
                            syntax_remedy});
    }
    return std::nullopt;
}

std::string_view type_text(NodeType type) {
    switch (type) {
        case NodeType::text:
            return "a string";
        case NodeType::integer:
            return "an integer";
        case NodeType::number:
            return "a number";
        case NodeType::boolean:
            return "a boolean";
        case NodeType::date:
            return "a date or time";
        case NodeType::list:
            return "a list";
        case NodeType::section:
            break;
    }
    return "a section";
}

}  // namespace caisson::platform
