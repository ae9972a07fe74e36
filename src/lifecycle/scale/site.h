// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifecycle/scale/declaration.h"
#include "lifecycle/scale/draw.h"
#include "lifecycle/scale/model.h"
#include "lifecycle/scale/settings.h"

namespace caisson::scale {

/// What a reference needs to be told once the rows of all tables are counted.
class Counting {
 public:
    virtual ~Counting() = default;
    virtual void settle(const Model& model) = 0;
};

/// A column of a table, by numbers.
using ColumnNumber = std::pair<std::size_t, std::size_t>;

/// How a reference counts the rows of its table.
struct CountedBy {
    std::size_t parent = 0;             ///< Table.
    std::optional<std::uint64_t> same;  ///< As many for each.
    std::optional<Shape> shape;         ///< Drawn for each parent, under `key`.
    std::optional<std::size_t> column;  ///< A column of the parent says it.
    Key key;
    Place place;
};

/// The model while it is made.
struct Draft {
    const Declaration& declaration;
    const Inputs& inputs;
    seeds::Mistakes& mistakes;
    double factor;
    Model& model;
    std::vector<std::set<ColumnNumber>>
        needs;  ///< By column, numbered through: what it is made of.
    std::vector<std::optional<CountedBy>> counted;  ///< By table.
    std::vector<Counting*> counting;
    std::vector<std::size_t> first_column;  ///< By table: its first column's number in `needs`.
    std::vector<std::vector<bool>> begun;   ///< By table and column: being compiled, or compiled.

    std::set<ColumnNumber>& needs_of(ColumnNumber column) {
        return needs[first_column[column.first] + column.second];
    }
    /// The relation that a column holds, compiled on demand; nullptr where it holds none.
    const Relation* relation(ColumnNumber column);
    void compile_column(ColumnNumber column);
};

/// Where a maker stands: in a column of a table, or somewhere inside it.
struct Site {
    Draft& draft;
    ColumnNumber column;
    std::string path;  ///< Unique in the file: what its random numbers are drawn under.

    const Table& table() const { return draft.model.tables[column.first]; }
    Key key() const { return key_of(draft.declaration.seed, path); }
    /// The key that all columns of the table share that say the same name.
    Key shared_key(std::string_view name) const;
    /// Another column of the same table, which this one is then made from. Nothing, and a mistake,
    /// when there is none.
    std::optional<std::size_t> sibling(const std::string& name, const Place& place) const;
    /// A constant, or what a section with `make` says.
    std::unique_ptr<Maker> source(const platform::Node& node, std::string_view name) const;
    /// What `{ make = … }` says, with `nulls`, `when` and `otherwise` around it. Nothing, and
    /// mistakes, when it cannot be understood.
    std::unique_ptr<Maker> maker(const platform::Node& section) const;
};

using Made = std::unique_ptr<Maker>;
/// One for each word that `make` may say: a row of the table in makers.cc.
using Factory = Made (*)(Settings& settings, const Site& site);
struct MakerKind {
    std::string_view name;
    Factory factory;
};

// makers_numbers.cc
Made make_sequence(Settings& settings, const Site& site);
Made make_integer(Settings& settings, const Site& site);
Made make_decimal(Settings& settings, const Site& site);
Made make_boolean(Settings& settings, const Site& site);
Made make_compute(Settings& settings, const Site& site);
// makers_times.cc
Made make_date(Settings& settings, const Site& site);
Made make_time(Settings& settings, const Site& site);
// makers_words.cc
Made make_person(Settings& settings, const Site& site);
Made make_company(Settings& settings, const Site& site);
Made make_text(Settings& settings, const Site& site);
Made make_template(Settings& settings, const Site& site);
// makers_bytes.cc
Made make_uuid(Settings& settings, const Site& site);
Made make_bytes(Settings& settings, const Site& site);
Made make_hash(Settings& settings, const Site& site);
// makers_choices.cc
Made make_value(Settings& settings, const Site& site);
Made make_choice(Settings& settings, const Site& site);
Made make_match(Settings& settings, const Site& site);
Made make_band(Settings& settings, const Site& site);
Made make_pick(Settings& settings, const Site& site);
/// `nulls`, `when` and `otherwise`, where they are given, around a maker.
Made with_conditions(Made inner, Settings& settings, const Site& site);
// makers_structured.cc
Made make_json(Settings& settings, const Site& site);
Made make_array(Settings& settings, const Site& site);
Made make_vector(Settings& settings, const Site& site);
// makers_related.cc
Made make_reference(Settings& settings, const Site& site);
Made make_copy(Settings& settings, const Site& site);
Made make_previous(Settings& settings, const Site& site);
Made make_position(Settings& settings, const Site& site);
Made make_children(Settings& settings, const Site& site);

/// A constant.
class Constant : public Maker {
 public:
    explicit Constant(Value value) : value_(std::move(value)) {}
    void make(Row& row, Value& value) const override;

 private:
    Value value_;
};

}  // namespace caisson::scale
