// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/model.h"

namespace caisson::scale {

Row::Row(const Model& model, std::size_t table)
    : model_(model),
      table_(model.tables[table]),
      cells_(table_.columns.size()),
      choices_(model.relations),
      related_(model.relations) {}

void Row::seek(std::uint64_t number) {
    number_ = number;
    ++turn_;
}

const Value& Row::at(std::size_t column) {
    auto& cell = cells_[column];
    if (cell.turn != turn_) {
        table_.columns[column].maker->make(*this, cell.value);
        cell.turn = turn_;
    }
    return cell.value;
}

Row& Row::related(std::size_t relation, std::size_t table, std::uint64_t number) {
    auto& row = related_[relation];
    if (!row) {
        row = std::make_unique<Row>(model_, table);
    } else if (row->number_ == number) {
        return *row;
    }
    row->seek(number);
    return *row;
}

}  // namespace caisson::scale
