// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/shapes.h"

#include <algorithm>

#include "base/text.h"

namespace caisson::cache {
namespace {

constexpr std::size_t most_words = 16;      ///< Beside one another; more of them are `{word}`.
constexpr std::uint64_t fewest_keys = 10;   ///< What a word must stand for to be shown.
constexpr std::size_t deepest = 8;          ///< Parts; what follows is `{rest}`.
constexpr std::size_t most_nodes = 10'000;  ///< Of the tree.
constexpr std::size_t longest_word = 32;
constexpr std::size_t most_examples = 3;

/// The first ones in byte order: in whichever order the server lists them, a report is the same.
void keep_example(std::vector<std::string>& examples, std::string_view key) {
    if (examples.size() == most_examples && key >= examples.back()) {
        return;
    }
    examples.emplace(std::lower_bound(examples.begin(), examples.end(), key), key);
    if (examples.size() > most_examples) {
        examples.pop_back();
    }
}
constexpr std::string_view any_word = "{word}";
constexpr std::string_view any_rest = "{rest}";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_of_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}

bool is_uuid(std::string_view text) {
    constexpr std::string_view form = "00000000-0000-0000-0000-000000000000";
    return text.size() == form.size() &&
           std::equal(text.begin(), text.end(), form.begin(),
                      [](char c, char f) { return f == '-' ? c == '-' : is_hexadecimal(c); });
}

bool is_word(std::string_view text) {
    return text.size() <= longest_word && std::all_of(text.begin(), text.end(), is_of_word);
}

/// The placeholder for a part that is no word.
std::string_view kind_of_part(std::string_view text) {
    if (std::all_of(text.begin(), text.end(), is_digit)) {
        return "{number}";
    }
    constexpr std::size_t shortest_hexadecimal = 8;
    if (is_uuid(text)) {
        return "{uuid}";
    }
    return text.size() >= shortest_hexadecimal &&
                   std::all_of(text.begin(), text.end(), is_hexadecimal)
               ? "{hex}"
               : "{text}";
}

bool is_placeholder(std::string_view label) { return label.starts_with('{'); }

}  // namespace

struct Shapes::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::size_t words = 0;    ///< Of the children.
    bool is_crowded = false;  ///< Words are not told apart here any more.
    bool is_rest = false;     ///< Nothing is told apart below.
    std::uint64_t below = 0;  ///< Keys that go through this node or end in it.
    UnknownShape ending;      ///< Of the keys that end here.

    Node& child(std::string_view label) {
        const auto found = children.find(label);
        if (found != children.end()) {
            return *found->second;
        }
        words += is_placeholder(label) ? 0 : 1;
        return *children.emplace(std::string(label), std::make_unique<Node>()).first->second;
    }

    Node& rest() {
        auto& node = child(any_rest);
        node.is_rest = true;
        return node;
    }

    void take(const Node& other) {
        below += other.below;
        is_crowded = is_crowded || other.is_crowded;
        ending.keys += other.ending.keys;
        ending.without_ttl += other.ending.without_ttl;
        ending.bytes += other.ending.bytes;
        for (const auto& example : other.ending.examples) {
            keep_example(ending.examples, example);
        }
        for (const auto& [label, node] : other.children) {
            child(label).take(*node);
        }
        if (words > (is_crowded ? 0 : most_words)) {
            crowd();
        }
    }

    /// Makes one `{word}` of all words.
    void crowd() {
        is_crowded = true;
        auto& all = child(any_word);
        for (auto each = children.begin(); each != children.end();) {
            if (is_placeholder(each->first)) {
                ++each;
            } else {
                all.take(*each->second);
                each = children.erase(each);
            }
        }
        words = 0;
    }

    /// The shapes that begin with `prefix` and go on below this node.
    void collect(const std::string& prefix, std::vector<UnknownShape>& into) const {
        Node rare;
        for (const auto& [label, node] : children) {
            const bool is_rare =
                label == any_word || (!is_placeholder(label) && node->below < fewest_keys);
            is_rare ? rare.take(*node) : node->collect_as(prefix + label, into);
        }
        if (rare.below > 0) {
            rare.collect_as(prefix + std::string(any_word), into);
        }
    }

    void collect_as(const std::string& shape, std::vector<UnknownShape>& into) const {
        if (ending.keys > 0) {
            into.push_back(ending);
            into.back().shape = shape;
        }
        collect(shape + ":", into);
    }
};

Shapes::Shapes() : root_(std::make_unique<Node>()) {}
Shapes::~Shapes() = default;

/// The node below `from` for one more part of a key.
Shapes::Node& Shapes::step(Node& from, std::string_view part) {
    std::string_view label = part;
    if (!is_word(part)) {
        label = kind_of_part(part);
    } else if (from.is_crowded) {
        label = any_word;
    }
    const bool is_new = !from.children.contains(label);
    if (is_new && nodes_ >= most_nodes) {
        return from.rest();
    }
    nodes_ += is_new ? 1 : 0;
    auto& node = from.child(label);
    if (from.words <= most_words) {
        return node;
    }
    from.crowd();
    return from.child(any_word);
}

void Shapes::add(std::string_view key, bool has_ttl, std::uint64_t bytes) {
    auto* node = root_.get();
    ++node->below;
    std::size_t depth = 0;
    for (std::size_t at = 0; at <= key.size() && !node->is_rest; ++depth) {
        const auto end = std::min(key.find(':', at), key.size());
        node = depth < deepest ? &step(*node, key.substr(at, end - at)) : &node->rest();
        ++node->below;
        at = end + 1;
    }
    ++node->ending.keys;
    node->ending.without_ttl += has_ttl ? 0 : 1;
    node->ending.bytes += bytes;
    keep_example(node->ending.examples, key);
}

std::vector<UnknownShape> Shapes::shapes() const {
    std::vector<UnknownShape> all;
    root_->collect("", all);
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.keys > b.keys; });
    return all;
}

}  // namespace caisson::cache
