// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/queries/names.h"
#include "lifecycle/queries/writer.h"

namespace caisson::queries {
namespace {

constexpr std::string_view now_newer =
    "greatest(clock_timestamp(), {0} + interval '1 microsecond')";

/// SQL of more columns than fit into a line.
std::string listed(const std::vector<std::string>& parts) {
    std::string out;
    std::size_t line = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = parts[i] + (i + 1 < parts.size() ? "," : "");
        if (i > 0) {
            const bool fits = line + 1 + part.size() < 90;
            out += fits ? " " : "\n    ";
            line = fits ? line + 1 : 4;
        }
        out += part;
        line += part.size();
    }
    return out;
}

class TableWriter {
 public:
    TableWriter(Writer& header, Writer& source, const Table& table)
        : header_(header), source_(source), table_(table) {}

    void write() {
        header_.doc(table_.doc.empty() ? fmt::format("The table {}.", qualified()) : table_.doc);
        if (table_.key.empty()) {
            header_.doc("It has no primary key: its rows can be added and counted.");
        }
        header_.line("namespace {} {{", table_.cpp);
        header_.line();
        source_.line("namespace {} {{", table_.cpp);
        source_.line();
        write_row();
        if (has_key()) {
            write_key();
        }
        write_new();
        if (has_key()) {
            write_changes();
            write_cursor();
        }
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
    bool has_key() const { return !table_.key.empty(); }
    bool is_composite() const { return table_.key.size() > 1; }
    bool is_key(std::size_t column) const {
        return std::ranges::find(table_.key, column) != table_.key.end();
    }
    std::string qualified() const {
        return table_.schema == "public" ? table_.name : table_.schema + '.' + table_.name;
    }
    const TableColumn& column(std::size_t i) const { return table_.columns[i]; }
    std::string member_type(const TableColumn& each) const {
        return value_type(each.type->cpp, !each.not_null);
    }
    /// What an INSERT may name.
    bool is_insertable(std::size_t i) const {
        return !column(i).is_generated && !column(i).is_identity;
    }
    bool is_changeable(std::size_t i) const {
        return is_insertable(i) && !is_key(i) && table_.version != i && table_.removed != i;
    }

    static bool comes_as_itself(const TableColumn& each) {
        return each.type->is_binary && each.type->is_readable;
    }

    std::string selected() const {
        std::vector<std::string> parts;
        for (const auto& each : table_.columns) {
            parts.push_back(comes_as_itself(each)
                                ? each.sql
                                : fmt::format("{0}::text as {0}", each.sql));
        }
        return listed(parts);
    }

    /// ` and "deleted_at" is null`
    std::string not_removed(std::string_view before) const {
        return table_.removed ? fmt::format("{}{} is null", before, column(*table_.removed).sql)
                              : std::string();
    }

    /// `"id" = $1`, or of all columns of the key.
    std::string key_condition() const {
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < table_.key.size(); ++i) {
            parts.push_back(fmt::format("{} = ${}", column(table_.key[i]).sql, i + 1));
        }
        return join(parts, " and ");
    }

    /// The values of a key called `name`, as arguments.
    std::vector<std::string> key_values(std::string_view name) const {
        if (!is_composite()) {
            return {std::string(name)};
        }
        std::vector<std::string> values;
        for (const auto i : table_.key) {
            values.push_back(fmt::format("{}.{}", name, column(i).cpp));
        }
        return values;
    }

    std::string key_parameter() const {
        return is_composite() ? "const Key& key"
                              : column(table_.key[0]).type->is_view ? "Key key" : "const Key& key";
    }

    void doc_column(const TableColumn& each) { header_.doc(each.doc); }

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
            doc_column(each);
            header_.line("{} {}{{}};", member_type(each), each.cpp);
            members.push_back(fmt::format("{}(pg_row.get<{}>({}))", each.cpp, member_type(each), i));
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
                header_.line("{} {}{};",
                             value_type(column(i).type->cpp, !column(i).is_required()),
                             column(i).cpp, column(i).is_required() ? "" : "{}");
            }
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    bool has_changes() const {
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_changeable(i)) {
                return true;
            }
        }
        return false;
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
            const std::string_view add = each.is_required()   ? "add"
                                         : each.has_default   ? "add_given"
                                                              : "add_nullable";
            if (is_optional_key) {
                source_.line("    if (with_key) {{");
            }
            source_.line("{}    columns.{}({}, {}, row.{});", is_optional_key ? "    " : "", add,
                         quoted(each.sql), quoted(each.type->sql), each.cpp);
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

    bool key_is_required() const {
        return std::ranges::all_of(
            table_.key, [&](std::size_t i) { return is_insertable(i) && column(i).is_required(); });
    }
    bool key_is_insertable() const {
        return std::ranges::any_of(table_.key, [&](std::size_t i) { return is_insertable(i); });
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
        write_get_many(from);
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
            source_.raw("    static const pg::Statement statement(" +
                        raw_string(from + fmt::format("where {} = any($1){}",
                                                      column(table_.key[0]).sql,
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
            names.push_back(each.sql);
            arrays.push_back(fmt::format("${}::{}[]", n + 1, each.type->sql));
            values.push_back(each.cpp + "s");
            source_.line("    std::vector<{}> {}s;", each.type->cpp, each.cpp);
        }
        source_.line("    for (const auto& key : keys) {{");
        for (const auto i : table_.key) {
            source_.line("        {0}s.push_back(key.{0});", column(i).cpp);
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
                    (copies ? "by COPY." : "in one INSERT: under row-level security PostgreSQL "
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

    /// What every update does beside what was asked for: it makes another version.
    std::string always() const {
        if (!table_.version || table_.version_is_kept) {
            return {};
        }
        const auto& each = column(*table_.version);
        return each.type->cpp == "pg::Timestamp"
                   ? fmt::format("{} = {}", each.sql, fmt::format(now_newer, each.sql))
                   : fmt::format("{0} = {0} + 1", each.sql);
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
        source_.call("    pg::Columns columns(pg::Arguments(", values, "));");
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            if (is_changeable(i)) {
                source_.line("    columns.add_given({}, {}, changes.{});", quoted(column(i).sql),
                             quoted(column(i).type->sql), column(i).cpp);
            }
        }
        source_.raw("    return {columns.update(table, " + quoted(always()) + ",");
        source_.raw("                           " +
                    quoted(key_condition() + condition + not_removed(" and ")) + ", returning),");
        source_.raw("            &pg::read_optional<Row>};");
        source_.line("}}");
        source_.line();
    }

    void write_upsert() {
        const bool is_always = std::ranges::any_of(
            table_.key, [&](std::size_t i) { return column(i).is_always; });
        const bool is_generated = std::ranges::any_of(
            table_.key, [&](std::size_t i) { return column(i).is_generated; });
        if (is_generated) {
            return;
        }
        std::vector<std::string> key;
        for (const auto i : table_.key) {
            key.push_back(quoted(column(i).sql));
        }
        const bool in_row = key_is_required();
        const std::vector<std::string> parameters =
            in_row ? std::vector<std::string>{"const New& row"}
                   : std::vector<std::string>{key_parameter(), "const New& row"};
        header_.doc(
            "Stores a row, or changes the one with this key, in all columns that are given; gives "
            "it back.");
        header_.call("pg::Call<Row> upsert(", parameters, ");");
        header_.line();
        source_.call("pg::Call<Row> upsert(", parameters, ") {");
        source_.line("    pg::Columns columns;");
        if (!in_row) {
            const auto values = key_values("key");
            for (std::size_t n = 0; n < table_.key.size(); ++n) {
                const auto& each = column(table_.key[n]);
                source_.line("    columns.add({}, {}, {});", quoted(each.sql),
                             quoted(each.type->sql), values[n]);
            }
        }
        source_.line("    add_columns(columns, row{});", in_row ? "" : ", false");
        source_.line("    return {{columns.upsert(table, {}, {{{}}}, returning), "
                     "&pg::read_one<Row>}};",
                     quoted(is_always ? "overriding system value" : ""), join(key, ", "));
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

    /// `("created_at", "id") > ($1, $2)`, or column by column where they differ in direction.
    std::string behind() const {
        const auto& order = table_.order;
        const bool is_one_way = std::ranges::all_of(
            order, [&](const OrderColumn& each) { return each.falls == order.front().falls; });
        std::vector<std::string> names;
        std::vector<std::string> places;
        for (std::size_t i = 0; i < order.size(); ++i) {
            names.push_back(column(order[i].column).sql);
            places.push_back(fmt::format("${}", i + 2));
        }
        if (is_one_way) {
            return fmt::format("({}) {} ({})", join(names, ", "), order.front().falls ? "<" : ">",
                               join(places, ", "));
        }
        // The first column alone lets an index be used; the rest tells rows apart.
        std::string equal;
        std::vector<std::string> cases;
        for (std::size_t i = 0; i < order.size(); ++i) {
            cases.push_back(fmt::format("({}{} {} {})", equal, names[i],
                                        order[i].falls ? "<" : ">", places[i]));
            equal += fmt::format("{} = {} and ", names[i], places[i]);
        }
        return fmt::format("{} {} {} and ({})", names[0], order[0].falls ? "<=" : ">=", places[0],
                           join(cases, " or "));
    }

    void write_list() {
        std::vector<std::string> order;
        std::vector<std::string> words;
        std::vector<std::string> values = {"limit"};
        for (const auto& each : table_.order) {
            order.push_back(column(each.column).sql + (each.falls ? " desc" : ""));
            words.push_back(column(each.column).name + (each.falls ? " (falling)" : ""));
            values.push_back("after->" + column(each.column).cpp);
        }
        const std::vector<std::string> parameters = {"std::int64_t limit",
                                                     "const std::optional<Cursor>& after"};
        header_.doc(fmt::format("At most `limit` rows in the order of {}, from the first one or "
                                "from behind `after`: Cursor(rows.back()).",
                                join(words, ", ")));
        header_.line("pg::Call<std::vector<Row>> list(std::int64_t limit, "
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
                ? fmt::format("select sum(nullif(c.reltuples, -1))::int8\nfrom "
                              "pg_catalog.pg_partition_tree({0}::regclass) t\njoin "
                              "pg_catalog.pg_class c on c.oid = t.relid and t.isleaf",
                              name)
                : fmt::format("select nullif(c.reltuples, -1)::int8\nfrom pg_catalog.pg_class "
                              "c\nwhere c.oid = {}::regclass",
                              name);
        function("About how many rows there are, whoever may see them, as the server counted last; "
                 "nothing when it has not yet. Costs nothing.",
                 "pg::Call<std::optional<std::int64_t>>", "estimate", {}, sql, {},
                 "&pg::read_one<std::optional<std::int64_t>>");
    }

    Writer& header_;
    Writer& source_;
    const Table& table_;
};

}  // namespace

void write_table(Writer& header, Writer& source, const Table& table) {
    TableWriter(header, source, table).write();
}

}  // namespace caisson::queries
