// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/scale/model.h"
#include "lifecycle/scale/shape.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {

/// One of so many rows, evenly or by Zipf's law.
class Chooser {
 public:
    Chooser(std::uint64_t count, std::optional<double> exponent);
    std::uint64_t choose(Key key, std::uint64_t row) const;

 private:
    std::uint64_t count_;
    std::optional<Zipf> zipf_;
    std::optional<Scatter> scatter_;
};

/// Rows that a reference leads to: those where the column holds one of the values.
template <typename Column>
struct Filter {
    Column column;
    std::vector<Value> values;
    bool passes(const Value& value) const {
        return std::any_of(values.begin(), values.end(),
                           [&](const Value& wanted) { return equal(value, wanted); });
    }
};

/// A column of a row of another table of the file, or of an earlier row of the same table.
class TableReference : public Relation, public Counting {
 public:
    struct Options {
        std::size_t table = 0;   ///< Whose column it is.
        std::size_t parent = 0;  ///< The table it leads to.
        std::size_t field = 0;   ///< The column there.
        bool counts = false;     ///< It says how many rows the table has.
        std::optional<double> exponent;
        std::size_t relation = 0;
        Key key;
        std::vector<Filter<std::size_t>> where = {};  ///< Columns of the parent; all must hold.
    };
    explicit TableReference(Options options) : options_(std::move(options)) {}

    void settle(const Model& model) override;
    void make(Row& row, Value& value) const override;
    std::optional<std::size_t> field(const std::string& name, const Site& site,
                                     const Place& place) const override;
    void copy(Row& row, std::size_t field, Value& value) const override;
    bool counts() const override { return options_.counts; }
    std::optional<std::uint64_t> position(const Row& row) const override;

 private:
    /// Eight bytes for each row of the parent that passes.
    struct Matching {
        std::vector<std::uint64_t> rows;
        Chooser chooser;
    };
    bool leads_nowhere(const Row& row) const;
    Row& parent_of(Row& row) const;
    /// Looked for when the first of them is wanted. Threads: any.
    const Matching& matching() const;

    Options options_;
    const Model* model_ = nullptr;
    const Each* each_ = nullptr;
    std::optional<Chooser> chooser_;
    std::uint64_t parents_ = 0;
    mutable std::once_flag looked_;
    mutable std::optional<Matching> matching_;
};

/// A column of a row that was in the database, in a table that is not in the file.
class InputReference : public Relation, public Counting {
 public:
    InputReference(const Site& site, const pg::QualifiedName& table, const std::string& column,
                   std::optional<double> exponent, std::size_t relation, Key key,
                   const std::vector<Filter<std::string>>& where = {});

    void settle(const Model& model) override;
    void make(Row& row, Value& value) const override;
    std::optional<std::size_t> field(const std::string& name, const Site& site,
                                     const Place& place) const override;
    void copy(Row& row, std::size_t field, Value& value) const override;

 private:
    /// The column by its number in the list, noting that it is wanted.
    static std::size_t want(const Site& site, const std::string& table, const std::string& column);

    std::string table_;
    const List* rows_ = nullptr;
    std::size_t field_ = 0;
    std::optional<double> exponent_;
    std::size_t relation_;
    Key key_;
    std::vector<Filter<std::size_t>> where_;
    std::vector<std::size_t> passing_;  ///< Of the rows, where there is a filter.
    std::optional<Chooser> chooser_;
};

}  // namespace caisson::scale
