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

/// Some of the entries, each at most once, in their order; of what a maker leaves out, nothing.
class Array : public Maker {
 public:
    Array(std::vector<Made> entries, Shape count, Key count_key, Key key)
        : entries_(std::move(entries)),
          count_(std::move(count)),
          count_key_(count_key),
          key_(key) {}
    void make(Row& row, Value& value) const override {
        value.kind = Value::Kind::list;
        value.items.clear();
        Value entry;
        auto wanted = static_cast<std::size_t>(count_.number(count_key_, row.number()));
        // Selection sampling: of what is left, so many are still wanted.
        for (std::size_t i = 0; i < entries_.size() && wanted > 0; ++i) {
            const auto bits = draw(key_, row.number(), static_cast<std::uint32_t>(i)).first;
            if (below(bits, entries_.size() - i) < wanted) {
                --wanted;
                entries_[i]->make(row, entry);
                if (!entry.is_null()) {
                    append_text(value.items.emplace_back(), entry);
                }
            }
        }
    }

 private:
    std::vector<Made> entries_;
    Shape count_;
    Key count_key_;
    Key key_;
};

/// Numbers as pgvector writes them, which a column of text takes as well.
class Vector : public Maker {
 public:
    Vector(std::int64_t dimensions, Shape shape, int scale, Key key)
        : dimensions_(static_cast<std::uint64_t>(dimensions)),
          shape_(std::move(shape)),
          scale_(scale),
          key_(key) {}
    void make(Row& row, Value& value) const override {
        auto& text = value.room(Value::Kind::text);
        for (std::uint64_t i = 0; i < dimensions_; ++i) {
            text += i == 0 ? '[' : ',';
            append_text(text, Decimal{shape_.number(key_, row.number() * dimensions_ + i), scale_});
        }
        text += ']';
    }

 private:
    std::uint64_t dimensions_;
    Shape shape_;
    int scale_;
    Key key_;
};

}  // namespace

Made make_vector(Settings& settings, const Site& site) {
    constexpr int scale = 6;
    constexpr std::int64_t most = 16'000;
    const auto dimensions =
        settings.need("dimensions") ? settings.integer("dimensions") : std::nullopt;
    if (!dimensions) {
        return nullptr;
    }
    if (*dimensions < 1 || *dimensions > most) {
        settings.mistake(*settings.find("dimensions"),
                         fmt::format("dimensions is {}; expected 1 to {}", *dimensions, most));
        return nullptr;
    }
    const bool is_bounded = settings.find("from") || settings.find("to");
    auto shape = is_bounded ? settings.shape(scale)
                            : settings.shape(scale, Settings::Range{-1'000'000, 1'000'000});
    return shape ? std::make_unique<Vector>(*dimensions, std::move(*shape), scale, site.key())
                 : nullptr;
}

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
    std::vector<Made> entries;
    for (const auto& item : of->items) {
        const bool is_entry = item.is(NodeType::text) || item.is(NodeType::section);
        auto made = is_entry ? site.source(item, fmt::format("of/{}", entries.size())) : nullptr;
        if (!made) {
            if (!is_entry) {
                settings.mistake(item, "of is a list of strings and of { make = … }");
            }
            return nullptr;
        }
        entries.push_back(std::move(made));
    }
    if (entries.empty()) {
        settings.mistake(*of, "of is a list of strings and of { make = … }");
        return nullptr;
    }
    const auto size = static_cast<std::int64_t>(entries.size());
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
                       std::move(entries), std::move(*shape),
                       key_of(site.draft.declaration.seed, site.path + "/count"), site.key())
                 : nullptr;
}

}  // namespace caisson::scale
