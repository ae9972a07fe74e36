// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/crypto.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

/// `count` bytes from the draws of a row (or of what stands for one).
void append_bytes(std::string& out, std::size_t count, Key key, std::uint64_t row,
                  std::uint32_t turn) {
    while (count > 0) {
        const auto bits = draw(key, row, turn++);
        for (std::size_t i = 0; i < 16 && count > 0; ++i, --count) {
            const auto word = i < 8 ? bits.first : bits.second;
            out += static_cast<char>(word >> (56 - i % 8 * 8) & 0xFFU);
        }
    }
}

class Uuid : public Maker {
 public:
    explicit Uuid(Key key) : key_(key) {}
    void make(Row& row, Value& value) const override {
        auto& bytes = value.room(Value::Kind::uuid);
        append_bytes(bytes, 16, key_, row.number(), 0);
        // Version 4 of RFC 9562, as gen_random_uuid() makes it: pseudo-random but for six bits.
        const auto set = [&](std::size_t at, unsigned clear, unsigned bits) {
            bytes[at] = static_cast<char>((static_cast<unsigned char>(bytes[at]) & clear) | bits);
        };
        set(6, 0x0FU, 0x40U);
        set(8, 0x3FU, 0x80U);
    }

 private:
    Key key_;
};

class Bytes : public Maker {
 public:
    Bytes(Shape length, Key length_key, Key key)
        : length_(std::move(length)), length_key_(length_key), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto length = length_.number(length_key_, row.number());
        append_bytes(value.room(Value::Kind::bytes), static_cast<std::size_t>(length), key_,
                     row.number(), 0);
    }

 private:
    Shape length_;
    Key length_key_;
    Key key_;
};

/// One of so many byte strings, which columns and tables share that name the same pool.
class Pooled : public Maker {
 public:
    Pooled(std::size_t length, std::uint64_t size, std::optional<double> exponent, Key pool,
           Key key)
        : length_(length), size_(size), pool_(pool), key_(key) {
        if (exponent) {
            zipf_.emplace(size, *exponent);
        }
    }
    void make(Row& row, Value& value) const override {
        const auto member = zipf_ ? zipf_->rank(key_, row.number()) - 1
                                  : below(draw(key_, row.number()).first, size_);
        append_bytes(value.room(Value::Kind::bytes), length_, pool_, member, 0);
    }

 private:
    std::size_t length_;
    std::uint64_t size_;
    std::optional<Zipf> zipf_;
    Key pool_;
    Key key_;
};

class Hash : public Maker {
 public:
    explicit Hash(std::size_t column) : column_(column) {}
    void make(Row& row, Value& value) const override {
        const auto& of = row.at(column_);
        if (of.is_null()) {
            value.set_null();
            return;
        }
        std::string text;
        append_text(text, of);
        const auto digest =
            sha256_hex(of.kind == Value::Kind::bytes ? std::string_view(of.text) : text);
        auto& bytes = value.room(Value::Kind::bytes);
        for (std::size_t i = 0; i < digest.size(); i += 2) {
            bytes += static_cast<char>(std::stoi(digest.substr(i, 2), nullptr, 16));
        }
    }

 private:
    std::size_t column_;
};

constexpr std::int64_t longest = 1 << 20;

}  // namespace

Made make_uuid(Settings&, const Site& site) { return std::make_unique<Uuid>(site.key()); }

Made make_bytes(Settings& settings, const Site& site) {
    const auto range = settings.need("length") ? settings.range("length") : std::nullopt;
    if (range && range->to > longest) {
        settings.mistake(*settings.find("length"), "length goes beyond a megabyte");
        return nullptr;
    }
    if (const auto* const pool = settings.find("pool")) {
        if (!pool->is(platform::NodeType::section)) {
            settings.mistake(*pool, "a pool is { name = \"addresses\", size = 1000 }");
            return nullptr;
        }
        Settings inside(*pool, settings.mistakes());
        const auto name = inside.needed_text("name");
        const auto size = inside.need("size") ? inside.integer("size").value_or(0) : 0;
        const auto exponent = inside.skew();
        inside.finish();
        if (!name || !range) {
            return nullptr;
        }
        if (size < 1 || range->from != range->to) {
            settings.mistake(*pool, "a pool has a size from 1, and its members one length");
            return nullptr;
        }
        return std::make_unique<Pooled>(
            static_cast<std::size_t>(range->to), static_cast<std::uint64_t>(size), exponent,
            key_of(site.draft.declaration.seed, "pool//" + *name), site.key());
    }
    auto shape = range ? settings.shape(0, range) : std::nullopt;
    return shape ? std::make_unique<Bytes>(
                       std::move(*shape),
                       key_of(site.draft.declaration.seed, site.path + "/length"), site.key())
                 : nullptr;
}

Made make_hash(Settings& settings, const Site& site) {
    const auto name = settings.needed_text("of");
    const auto column = name ? site.sibling(*name, settings.find("of")->place) : std::nullopt;
    return column ? std::make_unique<Hash>(*column) : nullptr;
}

}  // namespace caisson::scale
