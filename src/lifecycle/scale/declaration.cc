// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/declaration.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/settings.h"
#include "lifecycle/seeds/csv.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

constexpr std::int64_t most_rows = 10'000'000'000;

class Reading {
 public:
    Reading(const File& file, seeds::Mistakes& mistakes) : file_(file), mistakes_(mistakes) {}

    Declaration read() {
        std::vector<platform::Mistake> bad;
        const auto document = platform::read_document(file_.text, file_.shown, bad);
        for (const auto& mistake : bad) {
            mistakes_.add(mistake.place, mistake.message);
        }
        if (!document) {
            return {};
        }
        Settings settings(*document, mistakes_);
        declaration_.seed = settings.integer("seed").value_or(1);
        if (const auto* const lists = section(settings, "lists")) {
            for (const auto& member : lists->members) {
                read_list(member);
            }
        }
        if (const auto* const tables = section(settings, "tables")) {
            for (const auto& member : tables->members) {
                read_table(member);
            }
        }
        settings.finish();
        return std::move(declaration_);
    }

 private:
    const Node* section(Settings& settings, std::string_view name) {
        const auto* const node = settings.find(name);
        if (node && !node->is(NodeType::section)) {
            mistakes_.add(node->place, fmt::format("{} is {}; expected a section", name,
                                                   platform::type_text(node->type)));
            return nullptr;
        }
        return node;
    }

    void read_table(const platform::Member& member) {
        if (!member.value.is(NodeType::section)) {
            mistakes_.add(member.place, "a table is a section, such as [tables.users]");
            return;
        }
        Settings settings(member.value, mistakes_);
        Declaration::Table table;
        table.name = pg::qualified_name(member.key);
        table.place = member.place;
        if (const auto rows = settings.integer("rows")) {
            if (*rows < 0 || *rows > most_rows) {
                mistakes_.add(member.place,
                              fmt::format("rows is {}; expected 0 to {}", *rows, most_rows));
            } else {
                table.rows = static_cast<std::uint64_t>(*rows);
            }
        }
        if (const auto* const columns = section(settings, "columns")) {
            for (const auto& column : columns->members) {
                table.columns.push_back({column.key, column.place, column.value});
            }
        }
        if (table.columns.empty()) {
            mistakes_.add(member.place, "the table has no columns");
        }
        if (declaration_.table(table.name)) {
            mistakes_.add(member.place,
                          fmt::format("the table {} is there twice", table.name.text()));
        }
        settings.finish();
        declaration_.tables.push_back(std::move(table));
    }

    void read_list(const platform::Member& member) {
        List list;
        std::vector<double> weights;
        if (member.value.is(NodeType::list)) {
            for (const auto& item : member.value.items) {
                read_entry(item, list, weights);
            }
        } else if (member.value.is(NodeType::section)) {
            Settings settings(member.value, mistakes_);
            const auto name = settings.needed_text("file");
            settings.finish();
            if (name) {
                read_list_file(member, *name, list, weights);
            }
        } else {
            mistakes_.add(member.place,
                          "a list is written [\"a\", \"b\"] or { file = \"scale/words.txt\" }");
            return;
        }
        if (list.rows.empty()) {
            mistakes_.add(member.place, fmt::format("the list {} is empty", member.key));
            return;
        }
        if (std::any_of(weights.begin(), weights.end(), [](double w) { return w != 1; })) {
            list.weights = summed(weights);
            if (list.weights.back() <= 0) {
                mistakes_.add(member.place, "all weights of the list are 0");
            }
        }
        declaration_.lists.emplace(member.key, std::move(list));
    }

    /// `"text"`, or `{ code = "DE", name = "Germany", weight = 3 }`.
    void read_entry(const Node& item, List& list, std::vector<double>& weights) {
        const bool first = list.rows.empty();
        std::vector<Value> cells;
        double weight = 1;
        if (item.is(NodeType::section)) {
            std::vector<std::string> columns;
            for (const auto& field : item.members) {
                if (field.key == "weight") {
                    weight = field.value.number;
                    check_weight(field.value, weight);
                    continue;
                }
                columns.push_back(field.key);
                cells.push_back(cell_of(field.value));
            }
            if (first) {
                list.columns = columns;
            }
            if (columns != list.columns) {
                mistakes_.add(item.place,
                              fmt::format("the entry has {}; expected {}, as the first "
                                          "one has",
                                          join(columns, ", "), join(list.columns, ", ")));
                return;
            }
        } else {
            cells.push_back(cell_of(item));
            if (first) {
                list.columns = {""};
            } else if (list.columns.front() != "") {
                mistakes_.add(item.place, "the first entry has named values, this one has none");
                return;
            }
        }
        list.rows.push_back(std::move(cells));
        weights.push_back(weight);
    }

    void check_weight(const Node& node, double weight) {
        if ((!node.is(NodeType::integer) && !node.is(NodeType::number)) || !(weight >= 0)) {
            mistakes_.add(node.place, "a weight is a number from 0");
        }
    }

    Value cell_of(const Node& node) {
        auto value = constant_of(node);
        if (!value) {
            mistakes_.add(node.place, fmt::format("the entry is {}; expected a plain value",
                                                  platform::type_text(node.type)));
            return {};
        }
        return std::move(*value);
    }

    void read_list_file(const platform::Member& member, const std::string& name, List& list,
                        std::vector<double>& weights) {
        const auto found = file_.lists.find(name);
        if (found == file_.lists.end()) {
            mistakes_.add(member.place, fmt::format("there is no file seeds/{}", name));
            return;
        }
        if (!is_utf8(found->second)) {
            mistakes_.add({"seeds/" + name}, "the file is not UTF-8");
            return;
        }
        if (name.ends_with(".csv")) {
            read_csv(name, found->second, list, weights);
        } else {
            read_lines(found->second, list, weights);
        }
    }

    static void read_lines(const std::string& text, List& list, std::vector<double>& weights) {
        list.columns = {""};
        for (const auto& line : split(normalise_lines(text), '\n')) {
            const auto word = trim(line);
            if (!word.empty() && !word.starts_with('#')) {
                list.rows.emplace_back(1).front().set_text(word);
                weights.push_back(1);
            }
        }
    }

    void read_csv(const std::string& name, const std::string& text, List& list,
                  std::vector<double>& weights) {
        const auto shown = "seeds/" + name;
        const auto body = std::string_view(text).substr(text.starts_with("\xEF\xBB\xBF") ? 3 : 0);
        seeds::CsvReader reader(body);
        std::vector<seeds::CsvReader::Field> record;
        std::optional<std::size_t> weight_field;
        std::vector<std::string> header;
        while (reader.next(record)) {
            const auto line = position_of(body, record.front().offset).line;
            if (header.empty()) {
                for (std::size_t i = 0; i < record.size(); ++i) {
                    header.emplace_back(record[i].text);
                    if (header.back() == "weight") {
                        weight_field = i;
                    } else {
                        list.columns.push_back(header.back());
                    }
                }
                continue;
            }
            if (record.size() != header.size()) {
                mistakes_.add({shown, line},
                              fmt::format("{}; the header has {}", counted(record.size(), "field"),
                                          header.size()));
                continue;
            }
            std::vector<Value> cells;
            double weight = 1;
            for (std::size_t i = 0; i < record.size(); ++i) {
                if (i == weight_field) {
                    const auto number = parse_decimal(record[i].text);
                    if (!number || number->digits < 0) {
                        mistakes_.add({shown, line}, "a weight is a number from 0");
                        continue;
                    }
                    weight = std::stod(std::string(record[i].text));
                    continue;
                }
                Value& cell = cells.emplace_back();
                if (!record[i].text.empty() || record[i].quoted) {
                    cell.set_text(record[i].text);
                }
            }
            list.rows.push_back(std::move(cells));
            weights.push_back(weight);
        }
        for (const auto& mistake : reader.mistakes()) {
            mistakes_.add({shown, position_of(body, mistake.offset).line}, mistake.message);
        }
    }

    const File& file_;
    seeds::Mistakes& mistakes_;
    Declaration declaration_;
};

}  // namespace

const List* Declaration::list(const std::string& name) const {
    const auto found = lists.find(name);
    return found == lists.end() ? built_in_list(name) : &found->second;
}

const Declaration::Table* Declaration::table(const pg::QualifiedName& name) const {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const Table& table) { return table.name == name; });
    return found == tables.end() ? nullptr : &*found;
}

Declaration declare(const File& file, seeds::Mistakes& mistakes) {
    return Reading(file, mistakes).read();
}

std::set<std::string> list_files(const std::string& text, const std::string& shown) {
    std::set<std::string> names;
    std::vector<platform::Mistake> ignored;
    const auto document = platform::read_document(text, shown, ignored);
    const auto* const lists = document ? document->find("lists") : nullptr;
    if (lists) {
        for (const auto& member : lists->members) {
            if (const auto* const file = member.value.find("file")) {
                names.insert(file->text);
            }
        }
    }
    return names;
}

std::optional<ColumnName> column_name(const std::string& text) {
    const auto dot = text.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
        return std::nullopt;
    }
    return ColumnName{pg::qualified_name(text.substr(0, dot)), text.substr(dot + 1)};
}

}  // namespace caisson::scale
