// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// scale.toml understood: tables whose columns know how their values are made, any row by itself.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "drivers/pg/quote.h"
#include "lifecycle/scale/each.h"
#include "lifecycle/scale/list.h"
#include "lifecycle/scale/value.h"
#include "lifecycle/seeds/mistakes.h"

namespace caisson::scale {

class Row;
struct Declaration;
struct Site;

/// Makes the value of a column for a row. Immutable once the model is there; threads: any.
class Maker {
 public:
    virtual ~Maker() = default;
    /// Errors: seed_failed for what only shows when it is computed.
    virtual void make(Row& row, Value& value) const = 0;
};

/// Makes a column from a row of another table, of which other columns can be copied, too.
class Relation : public Maker {
 public:
    /// The number under which copy() knows a column of the other table, which `site` is made from
    /// then. Nothing, and a mistake, when there is none.
    virtual std::optional<std::size_t> field(const std::string& name, const Site& site,
                                             const Place& place) const = 0;
    virtual void copy(Row& row, std::size_t field, Value& value) const = 0;
    /// Whether it says how many rows the table has.
    virtual bool counts() const { return false; }
    /// The place among the rows with the same parent, from 0; nothing where it does not count.
    virtual std::optional<std::uint64_t> position(const Row&) const { return std::nullopt; }
};

struct Column {
    std::string name;
    bool stored = true;  ///< False for `_names`: only others use it.
    Place place;
    std::unique_ptr<Maker> maker;
    const Relation* relation = nullptr;  ///< What the maker holds, where it is one.
};

struct Table {
    pg::QualifiedName name;
    Place place;
    std::uint64_t rows = 0;
    std::vector<Column> columns;
    std::set<std::size_t> parents;  ///< Tables of the file that it refers to, without itself.
    /// The reference that counts its rows, if there is one: of its column `each_column`.
    std::optional<Each> each;

    std::optional<std::size_t> column(std::string_view name) const;
};

/// Rows that were there, of tables that are not in the file: frozen when they were first needed.
using Inputs = std::map<std::string, List>;

struct Model {
    std::deque<Table> tables;        ///< In the order of the file.
    std::vector<std::size_t> order;  ///< Parents first, else as in the file.
    std::size_t relations = 0;
    /// Columns of tables that are not in the file, by table, that some column is made from.
    std::map<std::string, std::set<std::string>> wanted;

    const Table* table(const pg::QualifiedName& name) const;
    std::optional<std::size_t> number_of(const pg::QualifiedName& name) const;
};

/// `rows` of the file times this; 1 at least where the file says 1 at least.
constexpr double least_factor = 0.01;
constexpr double largest_factor = 10;

/// Rows of tables that are not in the file are taken from `inputs`; where a table or column is not
/// there, a row of NULLs stands for it and `wanted` says so. Nothing when there are mistakes.
std::unique_ptr<const Model> compile(const Declaration& declaration, double factor,
                                     const Inputs& inputs, seeds::Mistakes& mistakes);

/// One row, column by column when somebody asks. Threads: one at a time.
class Row {
 public:
    Row(const Model& model, std::size_t table);

    void seek(std::uint64_t number);
    /// From 0.
    std::uint64_t number() const { return number_; }
    const Table& table() const { return table_; }
    const Value& at(std::size_t column);
    /// The row of another table that a relation leads to.
    Row& related(std::size_t relation, std::size_t table, std::uint64_t number);
    /// What a relation has chosen for this row, computed once.
    template <typename Choose>
    std::uint64_t chosen(std::size_t relation, Choose&& choose) {
        auto& choice = choices_[relation];
        if (choice.turn != turn_) {
            choice = {turn_, choose()};
        }
        return choice.number;
    }

 private:
    struct Cell {
        std::uint64_t turn = 0;  ///< The seek() that it was made for.
        Value value;
    };
    struct Choice {
        std::uint64_t turn = 0;
        std::uint64_t number = 0;
    };
    const Model& model_;
    const Table& table_;
    std::uint64_t number_ = 0;
    std::uint64_t turn_ = 0;
    std::vector<Cell> cells_;
    std::vector<Choice> choices_;
    std::vector<std::unique_ptr<Row>> related_;
};

}  // namespace caisson::scale
