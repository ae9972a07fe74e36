// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/queries/repository.h"

namespace caisson::queries {
namespace {

class TableWriter : Repository {
 public:
    TableWriter(Writer& header, Writer& source, const Table& table)
        : Repository(table), header_(header), source_(source) {}

    void write() {
        header_.doc(table_.doc.empty() ? fmt::format("The table {}.", qualified()) : table_.doc);
        if (table_.key.empty()) {
            header_.doc("It has no primary key: its rows can be added and counted.");
        } else if (key_has_array()) {
            header_.doc("Its key has an array, so there is no get_many(): ask for one by one.");
        }
        header_.line("namespace {} {{", table_.cpp);
        header_.line();
        source_.line("namespace {} {{", table_.cpp);
        source_.line();
        write_table_types(header_, source_, table_);
        write_helpers();
        if (has_key()) {
            write_reads();
        }
        write_inserts();
        if (has_key()) {
            write_update();
            write_upsert();
            write_removal();
            write_list();
        }
        write_counts();
        header_.line("}}  // namespace {}", table_.cpp);
        header_.line();
        source_.line("}}  // namespace {}", table_.cpp);
        source_.line();
    }

 private:
    void write_helpers() {
        source_.line("namespace {{");
        source_.line();
        source_.line("constexpr std::string_view table = {};", raw_string(table_.sql));
        source_.line("constexpr std::string_view returning = {};",
                     raw_string("returning " + selected()));
        source_.line();
        const bool leaves_key = has_key() && !key_is_required();
        source_.line("void add_columns(pg::Columns& columns, const New& row{}) {{",
                     leaves_key ? ", bool with_key" : "");
        std::size_t written = 0;
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (!is_insertable(i)) {
                continue;
            }
            ++written;
            const auto& each = column(i);
            const bool is_optional_key = leaves_key && is_key(i);
            const std::string_view add = each.is_required() ? "add"
                                         : each.has_default ? "add_given"
                                                            : "add_nullable";
            if (is_optional_key) {
                source_.line("    if (with_key) {{");
            }
            source_.line("{}    columns.{}({}, {}, row.{});", is_optional_key ? "    " : "", add,
                         string_literal(each.sql), string_literal(each.type->sql), each.cpp);
            if (is_optional_key) {
                source_.line("    }}");
            }
        }
        if (written == 0) {
            source_.line("    static_cast<void>(columns);");
            source_.line("    static_cast<void>(row);");
        }
        if (leaves_key && !key_is_insertable()) {
            source_.line("    static_cast<void>(with_key);");
        }
        source_.line("}}");
        source_.line();
        source_.line("}}  // namespace");
        source_.line();
    }

    /// A function of one static statement.
    void function(std::string_view doc, std::string_view result, std::string_view name,
                  const std::vector<std::string>& parameters, std::string_view sql,
                  const std::vector<std::string>& values, std::string_view reader) {
        header_.doc(doc);
        header_.call(fmt::format("{} {}(", result, name), parameters, ");");
        header_.line();
        source_.call(fmt::format("{} {}(", result, name), parameters, ") {");
        source_.raw("    static const pg::Statement statement(" + raw_string(sql) + ");");
        source_.call("    return {statement, pg::Arguments(", values,
                     fmt::format("), {}}};", reader));
        source_.line("}}");
        source_.line();
    }

    void write_reads() {
        const auto from = fmt::format("select {}\nfrom {}\n", selected(), table_.sql);
        function("The row, if there is one.", "pg::Call<std::optional<Row>>", "get",
                 {key_parameter()}, from + "where " + key_condition() + not_removed(" and "),
                 key_values("key"), "&pg::read_optional<Row>");
        if (!key_has_array()) {
            write_get_many(from);
        }
        function("Whether there is such a row.", "pg::Call<bool>", "exists", {key_parameter()},
                 fmt::format("select exists (select from {} where {}{})", table_.sql,
                             key_condition(), not_removed(" and ")),
                 key_values("key"), "&pg::read_one<bool>");
    }

    void write_get_many(const std::string& from) {
        header_.doc("Those of the rows that there are, in no order.");
        header_.line("pg::Call<std::vector<Row>> get_many(const std::vector<Key>& keys);");
        header_.line();
        source_.line("pg::Call<std::vector<Row>> get_many(const std::vector<Key>& keys) {{");
        if (!is_composite()) {
            source_.raw(
                "    static const pg::Statement statement(" +
                raw_string(from + fmt::format("where {} = any($1){}", compared(table_.key[0]),
                                              not_removed(" and "))) +
                ");");
            source_.line("    return {{statement, pg::Arguments(keys), &pg::read_many<Row>}};");
            source_.line("}}");
            source_.line();
            return;
        }
        std::vector<std::string> names;
        std::vector<std::string> arrays;
        std::vector<std::string> values;
        for (std::size_t n = 0; n < table_.key.size(); ++n) {
            const auto& each = column(table_.key[n]);
            names.push_back(compared(table_.key[n]));
            arrays.push_back(fmt::format("${}::{}[]", n + 1, compared_type(table_.key[n])));
            values.push_back("its_" + each.cpp);
            source_.line("    std::vector<{}> its_{};", each.type->cpp, each.cpp);
        }
        source_.line("    for (const auto& key : keys) {{");
        for (const auto i : table_.key) {
            source_.line("        its_{0}.push_back(key.{0});", column(i).cpp);
        }
        source_.line("    }}");
        source_.raw("    static const pg::Statement statement(" +
                    raw_string(from + fmt::format("where ({}) in (select * from unnest({})){}",
                                                  join(names, ", "), join(arrays, ", "),
                                                  not_removed(" and "))) +
                    ");");
        source_.call("    return {statement, pg::Arguments(", values, "), &pg::read_many<Row>};");
        source_.line("}}");
        source_.line();
    }

    std::string with_key_argument() const {
        return has_key() && !key_is_required() ? ", true" : "";
    }

    void write_inserts() {
        header_.doc("Stores a row and gives it back. attempt() tells of violations as values.");
        header_.line("pg::Call<Row> insert(const New& row);");
        header_.line();
        source_.line("pg::Call<Row> insert(const New& row) {{");
        source_.line("    pg::Columns columns;");
        source_.line("    add_columns(columns, row{});", with_key_argument());
        source_.line("    return {{columns.insert(table, \"\", returning), &pg::read_one<Row>}};");
        source_.line("}}");
        source_.line();
        header_.doc("Stores all of them or none, in one round trip, and gives them back.");
        header_.line("pg::Batch<Row> insert_batch(const std::vector<New>& rows);");
        header_.line();
        source_.line("pg::Batch<Row> insert_batch(const std::vector<New>& rows) {{");
        source_.line("    std::vector<pg::Query> queries;");
        source_.line("    queries.reserve(rows.size());");
        source_.line("    for (const auto& row : rows) {{");
        source_.line("        pg::Columns columns;");
        source_.line("        add_columns(columns, row{});", with_key_argument());
        source_.line("        queries.push_back(columns.insert(table, \"\", returning));");
        source_.line("    }}");
        source_.line("    return {{std::move(queries), &pg::read_one<Row>}};");
        source_.line("}}");
        source_.line();
        const bool copies = !table_.has_row_security;
        header_.doc(std::string("Stores many rows at once, ") +
                    (copies ? "by COPY."
                            : "in one INSERT: under row-level security PostgreSQL "
                              "refuses COPY.") +
                    " What one row leaves to its default, all of them do.");
        header_.line("pg::Copy insert_copy(const std::vector<New>& rows);");
        header_.line();
        source_.line("pg::Copy insert_copy(const std::vector<New>& rows) {{");
        source_.line("    std::vector<pg::Columns> all(rows.size());");
        source_.line("    for (std::size_t i = 0; i < rows.size(); ++i) {{");
        source_.line("        add_columns(all[i], rows[i]{});", with_key_argument());
        source_.line("    }}");
        source_.line("    return pg::{}(table, \"\", all);", copies ? "copy_rows" : "insert_rows");
        source_.line("}}");
        source_.line();
    }

    void write_update() {
        if (!has_changes()) {
            return;
        }
        update_function("Changes a row and gives it back; nothing when there is none.",
                        {key_parameter(), "const Changes& changes"}, key_values("key"), "");
        if (table_.version) {
            const auto& each = column(*table_.version);
            auto values = key_values("key");
            values.emplace_back("version");
            update_function(
                fmt::format("As update(), if the row is still the one that was read: {} is as it "
                            "was. Nothing when somebody else was faster, or it is gone.",
                            each.name),
                {key_parameter(), parameter(*each.type, false, "version"),
                 "const Changes& changes"},
                values, fmt::format(" and {} = ${}", each.sql, values.size()));
        }
    }

    void update_function(std::string_view doc, const std::vector<std::string>& parameters,
                         const std::vector<std::string>& values, const std::string& condition) {
        header_.doc(doc);
        header_.call("pg::Call<std::optional<Row>> update(", parameters, ");");
        header_.line();
        source_.call("pg::Call<std::optional<Row>> update(", parameters, ") {");
        source_.call("    pg::Columns columns{pg::Arguments(", values, ")};");
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_changeable(i)) {
                source_.line("    columns.add_given({}, {}, changes.{});",
                             string_literal(column(i).sql), string_literal(column(i).type->sql),
                             column(i).cpp);
            }
        }
        source_.raw("    return {columns.update(table, " + string_literal(always()) + ",");
        source_.raw("                           " +
                    string_literal(key_condition() + condition + not_removed(" and ")) +
                    ", returning),");
        source_.raw("            &pg::read_optional<Row>};");
        source_.line("}}");
        source_.line();
    }

    void write_upsert() {
        const bool is_always =
            std::ranges::any_of(table_.key, [&](std::size_t i) { return column(i).is_always; });
        const bool is_generated =
            std::ranges::any_of(table_.key, [&](std::size_t i) { return column(i).is_generated; });
        if (is_generated) {
            return;
        }
        std::vector<std::string> key;
        for (const auto i : table_.key) {
            key.push_back(string_literal(column(i).sql));
        }
        std::vector<std::string> kept;
        std::vector<std::string> kept_names;
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (column(i).is_kept && is_insertable(i) && !is_key(i)) {
                kept.push_back(string_literal(column(i).sql));
                kept_names.push_back(column(i).name);
            }
        }
        const bool in_row = key_is_required();
        const std::vector<std::string> parameters =
            in_row ? std::vector<std::string>{"const New& row"}
                   : std::vector<std::string>{key_parameter(), "const New& row"};
        header_.doc(
            std::string("Stores a row, or changes the one with this key, in all columns that are "
                        "given; gives it back.") +
            (kept.empty() ? ""
                          : " Only stored, never changed: " + join(kept_names, ", ") +
                                ", which the application has no right to change.") +
            (table_.removed ? " Errors: P0002 when that row is removed: restore() it first." : ""));
        header_.call("pg::Call<Row> upsert(", parameters, ");");
        header_.line();
        source_.call("pg::Call<Row> upsert(", parameters, ") {");
        source_.line("    pg::Columns columns;");
        if (!in_row) {
            const auto values = key_values("key");
            for (std::size_t n = 0; n < table_.key.size(); ++n) {
                const auto& each = column(table_.key[n]);
                source_.line("    columns.add({}, {}, {});", string_literal(each.sql),
                             string_literal(each.type->sql), values[n]);
            }
        }
        source_.line("    add_columns(columns, row{});", in_row ? "" : ", false");
        const auto removed =
            table_.removed ? fmt::format("{}.{} is null", table_.sql, column(*table_.removed).sql)
                           : std::string();
        source_.call(
            "    return {columns.upsert(",
            {"table", string_literal(is_always ? "overriding system value" : ""),
             fmt::format("{{{}}}", join(key, ", ")), fmt::format("{{{}}}", join(kept, ", ")),
             string_literal(always(table_.sql + '.')), string_literal(removed), "returning"},
            "), &pg::read_one<Row>};");
        source_.line("}}");
        source_.line();
    }

    void write_removal() {
        const auto values = key_values("key");
        const auto deletion = fmt::format("delete from {}\nwhere {}", table_.sql, key_condition());
        if (!table_.removed) {
            function("Deletes a row; false when there was none.", "pg::Call<bool>", "remove",
                     {key_parameter()}, deletion, values, "&pg::read_whether");
            return;
        }
        const auto& each = column(*table_.removed);
        const auto more = always().empty() ? std::string() : ", " + always();
        function(fmt::format("Marks a row as removed ({}); false when there was none. It is not "
                             "read any more.",
                             each.name),
                 "pg::Call<bool>", "remove", {key_parameter()},
                 fmt::format("update {} set {} = now(){}\nwhere {}{}", table_.sql, each.sql, more,
                             key_condition(), not_removed(" and ")),
                 values, "&pg::read_whether");
        function("Takes remove() back; false when nothing was removed.", "pg::Call<bool>",
                 "restore", {key_parameter()},
                 fmt::format("update {} set {} = null{}\nwhere {} and {} is not null", table_.sql,
                             each.sql, more, key_condition(), each.sql),
                 values, "&pg::read_whether");
        function("Deletes a row for good, removed or not; false when there was none.",
                 "pg::Call<bool>", "purge", {key_parameter()}, deletion, values,
                 "&pg::read_whether");
    }

    void write_list() {
        std::vector<std::string> order;
        std::vector<std::string> words;
        std::vector<std::string> values = {"limit"};
        for (const auto& each : table_.order) {
            // With its table, or it would be the column of the result, which may be a text.
            order.push_back(table_.sql + '.' + column(each.column).sql +
                            (each.falls ? " desc" : ""));
            words.push_back(column(each.column).name + (each.falls ? " (falling)" : ""));
            values.push_back("after->" + column(each.column).cpp);
        }
        const std::vector<std::string> parameters = {"std::int64_t limit",
                                                     "const std::optional<Cursor>& after"};
        header_.doc(
            fmt::format("At most `limit` rows in the order of {}, from the first one or "
                        "from behind `after`: Cursor(rows.back()).",
                        join(words, ", ")));
        header_.line(
            "pg::Call<std::vector<Row>> list(std::int64_t limit, "
            "const std::optional<Cursor>& after = {{}});");
        header_.line();
        const auto from = fmt::format("select {}\nfrom {}\n", selected(), table_.sql);
        const auto tail = fmt::format("order by {}\nlimit $1", join(order, ", "));
        source_.call("pg::Call<std::vector<Row>> list(", parameters, ") {");
        source_.raw("    static const pg::Statement first(" +
                    raw_string(from + (table_.removed ? not_removed("where ") + "\n" : "") + tail) +
                    ");");
        source_.raw("    static const pg::Statement next(" +
                    raw_string(from + "where " + behind() + not_removed(" and ") + "\n" + tail) +
                    ");");
        source_.line("    if (!after) {{");
        source_.line("        return {{first, pg::Arguments(limit), &pg::read_many<Row>}};");
        source_.line("    }}");
        source_.call("    return {next, pg::Arguments(", values, "), &pg::read_many<Row>};");
        source_.line("}}");
        source_.line();
    }

    void write_counts() {
        function(table_.removed ? "How many rows there are, without removed ones; reads all of "
                                  "them."
                                : "How many rows there are; reads all of them.",
                 "pg::Call<std::int64_t>", "count", {},
                 fmt::format("select count(*) from {}{}", table_.sql, not_removed(" where ")), {},
                 "&pg::read_one<std::int64_t>");
        const auto name = pg::literal(table_.sql);
        const std::string sql =
            table_.is_partitioned
                ? fmt::format(
                      "select sum(nullif(c.reltuples, -1))::int8\nfrom "
                      "pg_catalog.pg_partition_tree({0}::regclass) t\njoin "
                      "pg_catalog.pg_class c on c.oid = t.relid and t.isleaf",
                      name)
                : fmt::format(
                      "select nullif(c.reltuples, -1)::int8\nfrom pg_catalog.pg_class "
                      "c\nwhere c.oid = {}::regclass",
                      name);
        function(
            "About how many rows there are, whoever may see them, as the server counted last; "
            "nothing when it has not yet. Costs nothing.",
            "pg::Call<std::optional<std::int64_t>>", "estimate", {}, sql, {},
            "&pg::read_one<std::optional<std::int64_t>>");
    }

    Writer& header_;
    Writer& source_;
};

}  // namespace

void write_table(Writer& header, Writer& source, const Table& table) {
    TableWriter(header, source, table).write();
}

}  // namespace caisson::queries
