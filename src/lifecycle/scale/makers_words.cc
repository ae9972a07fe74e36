// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/names.h"
#include "lifecycle/scale/site.h"
#include "lifecycle/scale/template.h"

namespace caisson::scale {
namespace {

std::string_view one_of(std::span<const std::string_view> words, std::uint64_t bits) {
    return words[below(bits, words.size())];
}

class Person : public Maker {
 public:
    enum class Part { full, given, family };
    Person(Part part, Key key) : part_(part), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto bits = draw(key_, row.number());
        auto& text = value.room(Value::Kind::text);
        if (part_ != Part::family) {
            text += one_of(given_names(), bits.first);
        }
        text += part_ == Part::full ? " " : "";
        if (part_ != Part::given) {
            text += one_of(family_names(), bits.second);
        }
    }

 private:
    Part part_;
    Key key_;
};

class Company : public Maker {
 public:
    Company(std::optional<std::size_t> form, Key key) : form_(form), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto bits = draw(key_, row.number());
        const auto more = draw(key_, row.number(), 1);
        auto& text = value.room(Value::Kind::text);
        // One in five bears a family's name, some of them two.
        const auto style = more.first % 20;
        if (style < 4) {
            text += one_of(family_names(), bits.first);
            if (style == 0) {
                text += " & ";
                text += one_of(family_names(), more.second);
            }
        } else {
            text += one_of(company_stems(), bits.first);
        }
        text += ' ';
        text += one_of(company_trades(), bits.second);
        if (form_ && !row.at(*form_).is_null()) {
            text += ' ';
            append_text(text, row.at(*form_));
        }
    }

 private:
    std::optional<std::size_t> form_;
    Key key_;
};

/// Sentences of plain words, cut at a length.
class Text : public Maker {
 public:
    Text(Shape length, Key length_key, Key key)
        : length_(std::move(length)), length_key_(length_key), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto length = static_cast<std::size_t>(length_.number(length_key_, row.number()));
        auto& text = value.room(Value::Kind::text);
        std::uint32_t turn = 0;
        int left = 0;
        while (text.size() < length) {
            const auto bits = draw(key_, row.number(), turn++);
            for (const auto half : {bits.first, bits.second}) {
                append_word(text, half, left);
            }
        }
        text.resize(length);
        if (!text.empty() && text.back() == ' ') {
            text.back() = '.';
        }
    }

 private:
    static void append_word(std::string& text, std::uint64_t bits, int& left) {
        const auto word = one_of(plain_words(), bits);
        if (left == 0) {
            text += text.empty() ? "" : ". ";
            text += static_cast<char>(word.front() - 'a' + 'A');
            text += word.substr(1);
            left = 4 + static_cast<int>(bits % 9);
        } else {
            text += ' ';
            text += word;
            --left;
        }
    }

    Shape length_;
    Key length_key_;
    Key key_;
};

class Templated : public Maker {
 public:
    Templated(Template pattern, std::vector<std::size_t> columns, Key key)
        : pattern_(std::move(pattern)), columns_(std::move(columns)), key_(key) {}
    void make(Row& row, Value& value) const override {
        bool is_null = false;
        auto& text = value.room(Value::Kind::text);
        pattern_.append(text, key_, row.number(), [&](std::size_t name) -> const Value& {
            const auto& part = row.at(columns_[name]);
            is_null = is_null || part.is_null();
            return part;
        });
        if (is_null) {
            value.set_null();
        }
    }

 private:
    Template pattern_;
    std::vector<std::size_t> columns_;
    Key key_;
};

constexpr std::int64_t longest = 1 << 20;

}  // namespace

Made make_person(Settings& settings, const Site& site) {
    const auto part = settings.text("part").value_or("full");
    const auto key = site.shared_key("person/" + settings.text("as").value_or(""));
    if (part == "full") {
        return std::make_unique<Person>(Person::Part::full, key);
    }
    if (part == "given") {
        return std::make_unique<Person>(Person::Part::given, key);
    }
    if (part == "family") {
        return std::make_unique<Person>(Person::Part::family, key);
    }
    settings.mistake(*settings.find("part"),
                     fmt::format("part is {}; expected full, given or family", part));
    return nullptr;
}

Made make_company(Settings& settings, const Site& site) {
    const auto form = settings.text("form");
    std::optional<std::size_t> column;
    if (form) {
        column = site.sibling(*form, settings.find("form")->place);
        if (!column) {
            return nullptr;
        }
    }
    return std::make_unique<Company>(column, site.key());
}

Made make_text(Settings& settings, const Site& site) {
    const auto range = settings.need("length") ? settings.range("length") : std::nullopt;
    if (range && range->to > longest) {
        settings.mistake(*settings.find("length"), "length goes beyond a million characters");
        return nullptr;
    }
    auto shape = range ? settings.shape(0, range) : std::nullopt;
    return shape ? std::make_unique<Text>(
                       std::move(*shape),
                       key_of(site.draft.declaration.seed, site.path + "/length"), site.key())
                 : nullptr;
}

Made make_template(Settings& settings, const Site& site) {
    const auto text = settings.needed_text("text");
    if (!text) {
        return nullptr;
    }
    const auto& place = settings.find("text")->place;
    std::string why;
    auto pattern = Template::parse(*text, why);
    if (!pattern) {
        site.draft.mistakes.add(place, why);
        return nullptr;
    }
    std::vector<std::size_t> columns;
    for (const auto& name : pattern->names()) {
        const auto column = site.sibling(name, place);
        if (!column) {
            return nullptr;
        }
        columns.push_back(*column);
    }
    return std::make_unique<Templated>(std::move(*pattern), std::move(columns), site.key());
}

}  // namespace caisson::scale
