// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/source.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/crypto.h"

namespace caisson::scale {

std::unique_ptr<const Source> understand(const File& file, double factor, Inputs inputs) {
    auto source = std::make_unique<Source>();
    source->file = file;
    source->factor = factor;
    source->inputs = std::move(inputs);
    seeds::Mistakes mistakes;
    source->declaration = declare(source->file, mistakes);
    if (mistakes.none()) {
        source->model = compile(source->declaration, factor, source->inputs, mistakes);
    }
    mistakes.check();
    return source;
}

std::map<std::string, std::set<std::string>> wanted_inputs(const File& file) {
    return understand(file, least_factor / 100, {})->model->wanted;
}

std::string text_of(const Inputs& inputs) {
    boost::json::object all;
    for (const auto& [table, list] : inputs) {
        boost::json::array rows;
        for (const auto& row : list.rows) {
            boost::json::array cells;
            for (const auto& cell : row) {
                cells.push_back(cell.is_null() ? boost::json::value(nullptr)
                                               : boost::json::value(cell.text));
            }
            rows.push_back(std::move(cells));
        }
        all[table] = boost::json::object{
            {"columns", boost::json::array(list.columns.begin(), list.columns.end())},
            {"rows", std::move(rows)}};
    }
    return boost::json::serialize(all);
}

Inputs inputs_of(const std::string& text) {
    Inputs inputs;
    const auto all = boost::json::parse(text);
    for (const auto& [table, stored] : all.as_object()) {
        auto& list = inputs[std::string(table)];
        for (const auto& column : stored.at("columns").as_array()) {
            list.columns.emplace_back(column.as_string());
        }
        for (const auto& row : stored.at("rows").as_array()) {
            auto& cells = list.rows.emplace_back();
            for (const auto& cell : row.as_array()) {
                auto& value = cells.emplace_back();
                if (!cell.is_null()) {
                    value.set_text(std::string_view(cell.as_string()));
                }
            }
        }
    }
    return inputs;
}

std::string text_of_lists(const File& file) {
    boost::json::object lists;
    for (const auto& [name, text] : file.lists) {
        lists[name] = text;
    }
    return boost::json::serialize(lists);
}

std::map<std::string, std::string> lists_of(const std::string& text) {
    std::map<std::string, std::string> lists;
    const auto all = boost::json::parse(text);
    for (const auto& [name, content] : all.as_object()) {
        lists[std::string(name)] = std::string(content.as_string());
    }
    return lists;
}

std::string checksum(const File& file, double factor, const std::string& inputs) {
    std::string all = fmt::format("{}\n{}:{}", factor, file.text.size(), file.text);
    for (const auto& [name, text] : file.lists) {
        all += fmt::format("{}:{}{}:{}", name.size(), name, text.size(), text);
    }
    return sha256_hex(all + inputs);
}

}  // namespace caisson::scale
