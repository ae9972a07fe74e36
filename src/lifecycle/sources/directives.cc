// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/directives.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/sql.h"

namespace caisson::sources {
namespace {

const std::array<std::string, 3> known = {"no-transaction", "feature", "description"};

struct Reader {
    std::string_view text;
    const std::string& file;
    std::vector<Mistake>& mistakes;
    Directives directives;

    void complain(std::size_t offset, std::string message) {
        const auto [line, column] = position_of(text, offset);
        mistakes.push_back({{file, line, column}, std::move(message)});
    }

    void take(std::size_t offset, std::string_view content) {
        const auto end = content.find_first_of(" \t");
        const auto name = content.substr(0, end);
        const auto value = end == std::string_view::npos ? "" : trim(content.substr(end));
        if (name == "no-transaction") {
            if (!value.empty()) {
                complain(offset,
                         fmt::format("no-transaction takes nothing, but \"{}\" follows it", value));
            }
            directives.no_transaction = true;
        } else if (name == "feature") {
            take_feature(offset, value);
        } else if (name == "description") {
            directives.description += directives.description.empty() ? "" : " ";
            directives.description += value;
        } else {
            const auto near = nearest(name, known);
            complain(offset, fmt::format("unknown directive \"{}\"; {}", name,
                                         near.empty() ? "known are no-transaction, feature NAME "
                                                        "and description TEXT"
                                                      : fmt::format("did you mean {}?", near)));
        }
    }

    void take_feature(std::size_t offset, std::string_view value) {
        if (value.empty() || value.find_first_of(" \t") != std::string_view::npos) {
            complain(offset, fmt::format("feature takes one name, found \"{}\"", value));
        } else if (!directives.feature.empty()) {
            complain(offset, fmt::format("a second feature \"{}\"; the file already belongs to {}",
                                         value, directives.feature));
        } else {
            directives.feature = value;
        }
    }
};

/// Whether nothing but blanks stands before it in its line.
bool begins_line(std::string_view text, std::size_t offset) {
    while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t')) {
        --offset;
    }
    return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

}  // namespace

Directives read_directives(std::string_view text, const std::string& file,
                           std::vector<Mistake>& mistakes) {
    Reader reader{text, file, mistakes, {}};
    constexpr std::string_view key = "caisson:";
    // Most files have none: one search, and the scanner stays in its box.
    if (text.find(key) == std::string_view::npos) {
        return {};
    }
    sql::Scanner scanner(text, 0, true);
    while (const auto token = scanner.next()) {
        const auto comment = text.substr(token->offset, token->length);
        if (token->kind != sql::TokenKind::comment || comment.substr(0, 2) != "--" ||
            !begins_line(text, token->offset)) {
            continue;
        }
        const auto content = trim(comment.substr(2));
        if (content.substr(0, key.size()) == key) {
            reader.take(token->offset, trim(content.substr(key.size())));
        }
    }
    return reader.directives;
}

}  // namespace caisson::sources
