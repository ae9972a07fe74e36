// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

/// JSON as it is written in TOML, with makers where a section says `make`.
class Json : public Maker {
 public:
    void add(std::string_view text) {
        if (pieces_.empty() || pieces_.back().maker) {
            pieces_.emplace_back();
        }
        pieces_.back().text += text;
    }
    void add(Made maker) { pieces_.push_back({{}, std::move(maker)}); }

    void make(Row& row, Value& value) const override {
        auto& text = value.room(Value::Kind::json);
        Value inner;
        for (const auto& piece : pieces_) {
            if (piece.maker) {
                piece.maker->make(row, inner);
                append_json(text, inner);
            } else {
                text += piece.text;
            }
        }
    }

 private:
    struct Piece {
        std::string text;
        Made maker;
    };
    std::vector<Piece> pieces_;
};

bool read(const Node& node, Json& json, const Site& site, const std::string& path) {
    if (node.is(NodeType::list)) {
        json.add("[");
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            json.add(i == 0 ? "" : ", ");
            if (!read(node.items[i], json, site, fmt::format("{}/{}", path, i))) {
                return false;
            }
        }
        json.add("]");
        return true;
    }
    if (node.is(NodeType::section) && !node.find("make")) {
        json.add("{");
        bool first = true;
        for (const auto& member : node.members) {
            std::string name = first ? "" : ", ";
            append_json_string(name, member.key);
            json.add(name + ": ");
            first = false;
            if (!read(member.value, json, site, path + "/" + member.key)) {
                return false;
            }
        }
        json.add("}");
        return true;
    }
    auto maker = site.source(node, path);
    if (!maker) {
        return false;
    }
    json.add(std::move(maker));
    return true;
}

/// Some of the texts, each at most once, in their order.
class Array : public Maker {
 public:
    Array(std::vector<std::string> texts, Shape count, Key count_key, Key key)
        : texts_(std::move(texts)), count_(std::move(count)), count_key_(count_key), key_(key) {}
    void make(Row& row, Value& value) const override {
        value.kind = Value::Kind::list;
        value.items.clear();
        auto wanted = static_cast<std::size_t>(count_.number(count_key_, row.number()));
        // Selection sampling: of what is left, so many are still wanted.
        for (std::size_t i = 0; i < texts_.size() && wanted > 0; ++i) {
            const auto bits = draw(key_, row.number(), static_cast<std::uint32_t>(i)).first;
            if (below(bits, texts_.size() - i) < wanted) {
                value.items.push_back(texts_[i]);
                --wanted;
            }
        }
    }

 private:
    std::vector<std::string> texts_;
    Shape count_;
    Key count_key_;
    Key key_;
};

}  // namespace

Made make_json(Settings& settings, const Site& site) {
    const auto* const of = settings.need("of");
    auto json = std::make_unique<Json>();
    return of && read(*of, *json, site, "of") ? std::move(json) : nullptr;
}

Made make_array(Settings& settings, const Site& site) {
    const auto* const of = settings.need("of");
    if (!of) {
        return nullptr;
    }
    std::vector<std::string> texts;
    for (const auto& item : of->items) {
        if (item.is(NodeType::text)) {
            texts.push_back(item.text);
        }
    }
    if (texts.empty() || texts.size() != of->items.size()) {
        settings.mistake(*of, "of is a list of strings");
        return nullptr;
    }
    const auto size = static_cast<std::int64_t>(texts.size());
    const auto count =
        settings.find("count") ? settings.range("count") : std::optional(Settings::Range{1, size});
    if (!count) {
        return nullptr;
    }
    if (count->to > size) {
        settings.mistake(*settings.find("count"),
                         fmt::format("count goes up to {}, and there are {}", count->to, size));
        return nullptr;
    }
    auto shape = settings.shape(0, count);
    return shape ? std::make_unique<Array>(
                       std::move(texts), std::move(*shape),
                       key_of(site.draft.declaration.seed, site.path + "/count"), site.key())
                 : nullptr;
}

}  // namespace caisson::scale
