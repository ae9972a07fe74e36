// SPDX-License-Identifier: Apache-2.0
#include "app/cli/seed_report.h"

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cli {
namespace {

boost::json::object json_of(const seeds::Counts& counts) {
    return {{"table", counts.table},           {"inserted", counts.inserted},
            {"updated", counts.updated},       {"unchanged", counts.unchanged},
            {"restored", counts.restored},     {"kept", counts.kept},
            {"missing", counts.missing},       {"left", counts.left},
            {"overridden", counts.overridden}, {"duplicates", counts.duplicates}};
}

}  // namespace

boost::json::array json_of(const std::vector<seeds::RowNote>& rows) {
    boost::json::array list;
    for (const auto& row : rows) {
        list.push_back(
            boost::json::object{{"table", row.table}, {"key", row.key}, {"reason", row.reason}});
    }
    return list;
}

std::string text_of(const seeds::Counts& counts) {
    std::vector<std::string> parts;
    const auto add = [&](std::uint64_t number, const char* what) {
        if (number > 0) {
            parts.push_back(fmt::format("{} {}", number, what));
        }
    };
    add(counts.inserted, "inserted");
    add(counts.updated, "updated");
    add(counts.restored, "restored");
    add(counts.unchanged, "as they were");
    add(counts.kept, "changed since and kept");
    add(counts.missing, "missing");
    add(counts.left, "no longer in the file and kept");
    add(counts.overridden, "given by a later file");
    return parts.empty() ? "no rows" : join(parts, ", ");
}

void print_rows(Context& context, const std::vector<seeds::RowNote>& rows) {
    for (const auto& row : rows) {
        context.print(fmt::format("    {} {}: {}", row.table, row.key, row.reason));
    }
}

void print_report(Context& context, const seeds::Report& report) {
    for (const auto& file : report.files) {
        for (const auto& counts : file.tables) {
            context.print(fmt::format("  {:<44} {}", file.file, text_of(counts)));
        }
        print_rows(context, file.rows);
        for (const auto& note : file.notes) {
            context.print("    " + note);
        }
    }
    for (const auto& file : report.gone) {
        context.print(fmt::format(
            "  {:<44} was applied once and is gone; its rows stay (caisson seed clear {})", file,
            file));
    }
}

boost::json::object json_of(const platform::Database& database, const seeds::Report& report) {
    boost::json::array files;
    for (const auto& file : report.files) {
        boost::json::array tables;
        for (const auto& counts : file.tables) {
            tables.push_back(json_of(counts));
        }
        files.push_back(boost::json::object{
            {"file", file.file},
            {"set", seeds::name_of(file.set)},
            {"standing", seeds::name_of(file.standing)},
            {"tables", std::move(tables)},
            {"rows", json_of(file.rows)},
            {"notes", boost::json::array(file.notes.begin(), file.notes.end())}});
    }
    return {{"database", database.name},
            {"files", std::move(files)},
            {"gone", boost::json::array(report.gone.begin(), report.gone.end())}};
}

}  // namespace caisson::cli
