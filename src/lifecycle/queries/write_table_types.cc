// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "lifecycle/queries/repository.h"

namespace caisson::queries {
namespace {

class TypesWriter : Repository {
 public:
    TypesWriter(Writer& header, Writer& source, const Table& table)
        : Repository(table), header_(header), source_(source) {}

    void write() {
        write_row();
        if (has_key()) {
            write_key();
        }
        write_new();
        if (has_key()) {
            write_changes();
            write_cursor();
        }
    }

 private:
    void write_row() {
        header_.doc("A row as it is stored.");
        header_.line("struct Row {{");
        header_.indent();
        header_.line("Row() = default;");
        header_.line("explicit Row(const pg::Rows::Row& pg_row);");
        header_.line();
        std::vector<std::string> members;
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            const auto& each = column(i);
            header_.doc(each.doc);
            header_.line("{} {}{{}};", member_type(each), each.cpp);
            members.push_back(
                fmt::format("{}(pg_row.get<{}>({}))", each.cpp, member_type(each), i));
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
        if (members.empty()) {
            source_.line("Row::Row(const pg::Rows::Row&) {{}}");
        } else {
            source_.line("Row::Row(const pg::Rows::Row& pg_row)");
            source_.raw("    : " + join(members, ",\n      ") + " {}");
        }
        source_.line();
    }

    void write_key() {
        if (!is_composite()) {
            header_.doc(fmt::format("The primary key, {}.", column(table_.key[0]).name));
            header_.line("using Key = {};", column(table_.key[0]).type->cpp);
            header_.line();
            return;
        }
        header_.doc("The primary key.");
        header_.line("struct Key {{");
        header_.indent();
        header_.line("Key() = default;");
        std::vector<std::string> parts;
        std::vector<std::string> members;
        for (const auto i : table_.key) {
            parts.push_back(fmt::format("{} its_{}", column(i).type->cpp, column(i).cpp));
            members.push_back(fmt::format("{0}(std::move(its_{0}))", column(i).cpp));
        }
        header_.call("Key(", parts, ")");
        header_.raw("    : " + join(members, ", ") + " {}");
        header_.doc("The key of a row.");
        std::vector<std::string> from;
        for (const auto i : table_.key) {
            from.push_back(fmt::format("{0}(row.{0})", column(i).cpp));
        }
        header_.line("explicit Key(const Row& row) : {} {{}}", join(from, ", "));
        header_.line();
        for (const auto i : table_.key) {
            header_.line("{} {}{{}};", column(i).type->cpp, column(i).cpp);
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    void write_new() {
        header_.doc("A row to insert. What is left empty gets its default, or NULL.");
        header_.line("struct New {{");
        header_.indent();
        std::vector<std::string> parts;
        std::vector<std::string> members;
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_insertable(i) && column(i).is_required()) {
                parts.push_back(fmt::format("{} its_{}", column(i).type->cpp, column(i).cpp));
                members.push_back(fmt::format("{0}(std::move(its_{0}))", column(i).cpp));
            }
        }
        if (parts.empty()) {
            header_.line("New() = default;");
        } else {
            header_.doc("With what every row must have.");
            header_.call(parts.size() == 1 ? "explicit New(" : "New(", parts, ")");
            header_.raw("    : " + join(members, ",\n          ") + " {}");
        }
        header_.line();
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_insertable(i)) {
                header_.line("{} {}{};", value_type(column(i).type->cpp, !column(i).is_required()),
                             column(i).cpp, column(i).is_required() ? "" : "{}");
            }
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    void write_changes() {
        if (!has_changes()) {
            return;
        }
        header_.doc("Columns to change. What is not given stays as it is.");
        header_.line("struct Changes {{");
        header_.indent();
        header_.line("Changes() = default;");
        header_.line();
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_changeable(i)) {
                header_.line("pg::Change<{}> {};", member_type(column(i)), column(i).cpp);
            }
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    void write_cursor() {
        header_.doc("Where a list goes on: behind this row.");
        header_.line("struct Cursor {{");
        header_.indent();
        header_.line("Cursor() = default;");
        std::vector<std::string> members;
        for (const auto& each : table_.order) {
            members.push_back(fmt::format("{0}(row.{0})", column(each.column).cpp));
        }
        header_.line("explicit Cursor(const Row& row) : {} {{}}", join(members, ", "));
        header_.line();
        for (const auto& each : table_.order) {
            header_.line("{} {}{{}};", column(each.column).type->cpp, column(each.column).cpp);
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    Writer& header_;
    Writer& source_;
};

}  // namespace

void write_table_types(Writer& header, Writer& source, const Table& table) {
    TypesWriter(header, source, table).write();
}

}  // namespace caisson::queries
