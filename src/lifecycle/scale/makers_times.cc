// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "lifecycle/scale/moment.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

constexpr std::int64_t second = 1'000'000;

void set(Value& value, std::int64_t moment, bool is_date) {
    if (is_date) {
        value.set_date(day_of(moment));
    } else {
        value.set_moment(moment);
    }
}

/// Anywhere between two moments.
class Between : public Maker {
 public:
    Between(Shape shape, std::int64_t unit, bool is_date, Key key)
        : shape_(std::move(shape)), unit_(unit), is_date_(is_date), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto count = static_cast<std::int64_t>(shape_.number(key_, row.number()));
        set(value, count * unit_, is_date_);
    }

 private:
    Shape shape_;
    std::int64_t unit_;
    bool is_date_;
    Key key_;
};

/// One after the other: row n somewhere in the n-th of equal parts of the span.
class Ordered : public Maker, public Counting {
 public:
    Ordered(std::int64_t from, std::int64_t to, bool is_date, std::size_t table, Key key)
        : from_(from), span_(to - from), is_date_(is_date), table_(table), key_(key) {}
    void settle(const Model& model) override { rows_ = model.tables[table_].rows; }
    void make(Row& row, Value& value) const override {
        const auto rows = std::max<std::uint64_t>(rows_, 1);
        const auto begin = static_cast<std::int64_t>(Int128{span_} * Int128{row.number()} / rows);
        const auto end =
            static_cast<std::int64_t>(Int128{span_} * (Int128{row.number()} + 1) / rows);
        const auto width = static_cast<std::uint64_t>(std::max<std::int64_t>(end - begin, 1));
        const auto offset = below(draw(key_, row.number()).first, width);
        // Whole seconds, as long as the order stays.
        auto moment = from_ + begin + static_cast<std::int64_t>(offset);
        if (width >= 2 * second) {
            moment -= (moment % second + second) % second;
        }
        set(value, std::max(moment, from_ + begin), is_date_);
    }

 private:
    std::int64_t from_;
    std::int64_t span_;
    bool is_date_;
    std::size_t table_;
    Key key_;
    std::uint64_t rows_ = 1;
};

/// At even distances.
class Every : public Maker {
 public:
    Every(std::int64_t from, std::int64_t step, bool is_date)
        : from_(from), step_(step), is_date_(is_date) {}
    void make(Row& row, Value& value) const override {
        const auto moment =
            static_cast<std::int64_t>(Int128{from_} + Int128{step_} * Int128{row.number()});
        set(value, moment, is_date_);
    }

 private:
    std::int64_t from_;
    std::int64_t step_;
    bool is_date_;
};

/// Some time after another column, or before it; NULL where that is.
class Beside : public Maker {
 public:
    struct Options {
        std::size_t column = 0;
        bool before = false;
        bool is_date = false;
        std::int64_t unit = 0;
        std::optional<std::int64_t> limit;  ///< Not beyond it, as long as that is possible.
    };
    Beside(Shape shape, Options options, Key key)
        : shape_(std::move(shape)), options_(options), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto& other = row.at(options_.column);
        const auto moment = moment_of(other);
        if (!moment) {
            if (!other.is_null()) {
                throw Error(
                    Code::seed_failed,
                    fmt::format("{} is {}; expected a date or time",
                                row.table().columns[options_.column].name, name_of(other.kind)));
            }
            value.set_null();
            return;
        }
        const auto distance =
            static_cast<std::int64_t>(shape_.number(key_, row.number())) * options_.unit;
        auto result = options_.before ? *moment - distance : *moment + distance;
        if (options_.limit) {
            result = options_.before ? std::min(*moment, std::max(result, *options_.limit))
                                     : std::max(*moment, std::min(result, *options_.limit));
        }
        set(value, result, options_.is_date);
    }

 private:
    Shape shape_;
    Options options_;
    Key key_;
};

std::optional<Shape::Kind> shape_kind(Settings& settings, std::optional<std::string> name) {
    const auto kind = Shape::kind_named(name.value_or("uniform"));
    if (!kind) {
        settings.mistake(*settings.find("shape"),
                         fmt::format("there is no shape {}; expected uniform, normal, exponential, "
                                     "zipf or ordered",
                                     *name));
    }
    return kind;
}

/// Microseconds are whole seconds for people, and whole days where a date is made.
std::int64_t unit_of(bool is_date) { return is_date ? microseconds_of_day : second; }

Made make_beside(Settings& settings, const Site& site, bool is_date, const std::string& column,
                 bool before) {
    const auto sibling = site.sibling(column, settings.find(before ? "before" : "after")->place);
    const auto unit = unit_of(is_date);
    const auto most = settings.needed_duration("within");
    const auto least = settings.duration("at_least").value_or(0);
    const auto limit = settings.moment(before ? "from" : "to");
    const auto kind = shape_kind(settings, settings.text("shape"));
    if (!sibling || !most || !kind) {
        return nullptr;
    }
    if (least > *most) {
        settings.mistake("at_least is longer than within");
        return nullptr;
    }
    Shape::Settings shape;
    shape.kind = *kind;
    shape.from = least / unit;
    shape.to = *most / unit;
    return std::make_unique<Beside>(
        Shape(shape), Beside::Options{*sibling, before, is_date, unit, limit}, site.key());
}

Made make_moment(Settings& settings, const Site& site, bool is_date) {
    if (const auto after = settings.text("after")) {
        return make_beside(settings, site, is_date, *after, false);
    }
    if (const auto before = settings.text("before")) {
        return make_beside(settings, site, is_date, *before, true);
    }
    const auto from = settings.needed_moment("from");
    if (settings.find("every")) {
        const auto every = settings.duration("every");
        return from && every ? std::make_unique<Every>(*from, *every, is_date) : nullptr;
    }
    const auto to = settings.needed_moment("to");
    if (from && to && *from > *to) {
        settings.mistake("from lies above to");
        return nullptr;
    }
    const auto name = settings.text("shape");
    if (name == "ordered") {
        if (!from || !to) {
            return nullptr;
        }
        auto made = std::make_unique<Ordered>(*from, *to, is_date, site.column.first, site.key());
        site.draft.counting.push_back(made.get());
        return made;
    }
    const auto kind = shape_kind(settings, name);
    if (!from || !to || !kind) {
        return nullptr;
    }
    Shape::Settings shape;
    shape.kind = *kind;
    shape.from = *from / unit_of(is_date);
    shape.to = *to / unit_of(is_date);
    return std::make_unique<Between>(Shape(shape), unit_of(is_date), is_date, site.key());
}

}  // namespace

Made make_date(Settings& settings, const Site& site) { return make_moment(settings, site, true); }
Made make_time(Settings& settings, const Site& site) { return make_moment(settings, site, false); }

}  // namespace caisson::scale
