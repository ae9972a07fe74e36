// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <fmt/format.h>

#include "lifecycle/scale/expression.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

class Sequence : public Maker {
 public:
    Sequence(std::int64_t from, std::int64_t step) : from_(from), step_(step) {}
    void make(Row& row, Value& value) const override {
        const auto number = Int128{from_} + Int128{step_} * static_cast<std::int64_t>(row.number());
        if (number < std::numeric_limits<std::int64_t>::min() ||
            number > std::numeric_limits<std::int64_t>::max()) {
            throw Error(Code::seed_failed, "the sequence leaves the range of bigint");
        }
        value.set_integer(static_cast<std::int64_t>(number));
    }

 private:
    std::int64_t from_;
    std::int64_t step_;
};

class Number : public Maker {
 public:
    Number(Shape shape, int scale, Key key) : shape_(std::move(shape)), scale_(scale), key_(key) {}
    void make(Row& row, Value& value) const override {
        value.set_decimal({shape_.number(key_, row.number()), scale_});
    }

 private:
    Shape shape_;
    int scale_;
    Key key_;
};

class Integer : public Maker {
 public:
    Integer(Shape shape, Key key) : shape_(std::move(shape)), key_(key) {}
    void make(Row& row, Value& value) const override {
        value.set_integer(static_cast<std::int64_t>(shape_.number(key_, row.number())));
    }

 private:
    Shape shape_;
    Key key_;
};

class Boolean : public Maker {
 public:
    Boolean(double share, Key key) : share_(share), key_(key) {}
    void make(Row& row, Value& value) const override {
        value.set_boolean(unit(draw(key_, row.number()).first) < share_);
    }

 private:
    double share_;
    Key key_;
};

class Compute : public Maker {
 public:
    Compute(Expression expression, std::vector<std::size_t> columns, int scale)
        : expression_(std::move(expression)), columns_(std::move(columns)), scale_(scale) {}
    void make(Row& row, Value& value) const override {
        bool is_null = false;
        const auto result = expression_.evaluate(
            [&](std::size_t name) -> Decimal {
                const auto& operand = row.at(columns_[name]);
                const auto number = decimal_of(operand);
                if (!number && !operand.is_null()) {
                    throw Error(Code::seed_failed,
                                fmt::format("{} is {}; expected a number to compute with",
                                            row.table().columns[columns_[name]].name,
                                            name_of(operand.kind)));
                }
                is_null = is_null || !number;
                return number.value_or(Decimal{1, 0});  // No division by what is not known.
            },
            scale_);
        if (is_null) {
            value.set_null();
        } else {
            value.set_decimal(rescaled(result, scale_));
        }
    }

 private:
    Expression expression_;
    std::vector<std::size_t> columns_;
    int scale_;
};

int scale_of(Settings& settings, int fallback) {
    const auto digits = settings.integer("digits");
    if (digits && (*digits < 0 || *digits > most_scale)) {
        settings.mistake(*settings.find("digits"),
                         fmt::format("digits is {}; expected 0 to {}", *digits, most_scale));
        return fallback;
    }
    return static_cast<int>(digits.value_or(fallback));
}

}  // namespace

Made make_sequence(Settings& settings, const Site&) {
    const auto from = settings.integer("from").value_or(1);
    return std::make_unique<Sequence>(from, settings.integer("step").value_or(1));
}

Made make_integer(Settings& settings, const Site& site) {
    auto shape = settings.shape(0);
    if (!shape) {
        return nullptr;
    }
    if (shape->from() < std::numeric_limits<std::int64_t>::min() ||
        shape->to() > std::numeric_limits<std::int64_t>::max()) {
        settings.mistake("from and to leave the range of bigint; use make = \"decimal\"");
        return nullptr;
    }
    return std::make_unique<Integer>(std::move(*shape), site.key());
}

Made make_decimal(Settings& settings, const Site& site) {
    const int scale = scale_of(settings, 2);
    auto shape = settings.shape(scale);
    return shape ? std::make_unique<Number>(std::move(*shape), scale, site.key()) : nullptr;
}

Made make_boolean(Settings& settings, const Site& site) {
    return std::make_unique<Boolean>(settings.share("share").value_or(0.5), site.key());
}

Made make_compute(Settings& settings, const Site& site) {
    const int scale = scale_of(settings, 2);
    const auto text = settings.needed_text("of");
    if (!text) {
        return nullptr;
    }
    const auto& place = settings.find("of")->place;
    std::string why;
    auto expression = Expression::parse(*text, why);
    if (!expression) {
        site.draft.mistakes.add(place, why);
        return nullptr;
    }
    std::vector<std::size_t> columns;
    for (const auto& name : expression->names()) {
        const auto column = site.sibling(name, place);
        if (!column) {
            return nullptr;
        }
        columns.push_back(*column);
    }
    return std::make_unique<Compute>(std::move(*expression), std::move(columns), scale);
}

}  // namespace caisson::scale
