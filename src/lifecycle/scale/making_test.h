// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lifecycle/scale/source.h"

namespace caisson::scale {

/// A scale.toml understood, and rows of it as texts.
class Making {
 public:
    explicit Making(const std::string& text, double factor = 1, Inputs inputs = {},
                    std::map<std::string, std::string> lists = {})
        : source_(understand({"scale.toml", text, std::move(lists)}, factor, std::move(inputs))) {}

    const Model& model() const { return *source_->model; }
    std::uint64_t rows(const std::string& table) const {
        return model().table(pg::qualified_name(table))->rows;
    }
    std::string text(const std::string& table, const std::string& column,
                     std::uint64_t number) const {
        Row row(model(), *model().number_of(pg::qualified_name(table)));
        row.seek(number);
        std::string out;
        append_text(out, row.at(*row.table().column(column)));
        return out;
    }
    /// The column of the first rows, or of all of them.
    std::vector<std::string> texts(const std::string& table, const std::string& column,
                                   std::uint64_t count = 0) const {
        std::vector<std::string> all;
        Row row(model(), *model().number_of(pg::qualified_name(table)));
        const auto number = *row.table().column(column);
        for (std::uint64_t i = 0; i < (count == 0 ? row.table().rows : count); ++i) {
            row.seek(i);
            append_text(all.emplace_back(), row.at(number));
        }
        return all;
    }

 private:
    std::unique_ptr<const Source> source_;
};

/// What is wrong with a text.
inline std::string mistakes_of(const std::string& text) {
    try {
        understand({"scale.toml", text, {}}, 1, {});
    } catch (const Error& error) {
        return error.fact("place") + " " + error.message();
    }
    return "nothing";
}

}  // namespace caisson::scale
