// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "lifecycle/queries/names.h"
#include "lifecycle/queries/writer.h"

namespace caisson::queries {
namespace {

/// More arguments than this go into a struct: nobody reads a call with seven in a row.
constexpr std::size_t most_arguments = 5;

class QueryWriter {
 public:
    QueryWriter(Writer& header, Writer& source, const Described& described, const Facts& facts,
                const std::string& name_space)
        : header_(header),
          source_(source),
          facts_(facts),
          described_(described),
          query_(described.query),
          name_(identifier(query_.name)),
          camel_(camel_case(query_.name)) {
        name_parameters();
        name_columns();
        find_row(facts.tables, name_space);
        takes_struct_ = query_.kind == Kind::batch || query_.kind == Kind::copy ||
                        plain_parameters().size() > most_arguments;
    }

    void write() {
        if (own_row_) {
            write_row();
        }
        write_choices();
        if (takes_struct_ && !plain_parameters().empty()) {
            write_parameters();
        }
        write_declaration();
        write_definition();
        if (query_.cache) {
            write_cache_key(header_, source_, described_, parameters_, facts_.schema_version);
        }
    }

 private:
    void name_parameters() {
        // Names that the function has for itself.
        DistinctNames names({"filters", "order", "rows", "row", "arguments", "queries", "statement",
                             "statements", "variant", "key"});
        for (const auto& each : query_.parameters) {
            parameters_.push_back(names.name(identifier(each.name)));
        }
        DistinctNames choices;
        DistinctNames structs({camel_ + "Filters"});
        for (const auto& filter : query_.filters) {
            filters_.push_back(choices.name(identifier(filter.name)));
            filter_structs_.push_back(structs.name(camel_case(filter.name)));
        }
        DistinctNames orders;
        for (const auto& order : query_.orders) {
            orders_.push_back(orders.name(identifier(order.name)));
        }
    }

    void name_columns() {
        DistinctNames names;
        for (const auto& column : described_.columns) {
            columns_.push_back(names.name(identifier(column.name)));
        }
    }

    /// A row of one column is its value; one that is a table's whole row is that of its repository.
    void find_row(const std::vector<Table>& tables, const std::string& name_space) {
        const auto& columns = described_.columns;
        if (columns.size() == 1) {
            row_ = value_type(columns[0].type->cpp, columns[0].nullable);
            return;
        }
        row_ = camel_ + "Row";
        own_row_ = !columns.empty();
        for (const auto& table : tables) {
            const bool is_whole = std::ranges::equal(
                columns, table.columns, [&](const ResultColumn& a, const TableColumn& b) {
                    return a.table == table.id && a.table_column == b.number && a.name == b.name &&
                           a.nullable != b.not_null && a.type->cpp == b.type->cpp;
                });
            if (is_whole && !columns.empty()) {
                row_ = fmt::format("::{}::{}::Row", name_space, table.cpp);
                own_row_ = false;
            }
        }
    }

    /// Those that are given whatever filters are.
    std::vector<std::size_t> plain_parameters() const { return parameters_of(-1); }

    std::vector<std::size_t> parameters_of(int filter) const {
        std::vector<std::size_t> own;
        for (std::size_t i = 0; i < query_.parameters.size(); ++i) {
            if (query_.parameters[i].only_filter() == filter) {
                own.push_back(i);
            }
        }
        return own;
    }

    std::string type_of(std::size_t parameter) const {
        return value_type(described_.parameters[parameter]->cpp,
                          query_.parameters[parameter].nullable);
    }

    void write_row() {
        header_.doc(fmt::format("A row of {}().", name_));
        header_.line("struct {} {{", row_);
        header_.indent();
        header_.line("{}() = default;", row_);
        header_.line("explicit {}(const pg::Rows::Row& pg_row);", row_);
        header_.line();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto& column = described_.columns[i];
            header_.line("{} {}{{}};", value_type(column.type->cpp, column.nullable), columns_[i]);
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
        std::vector<std::string> members;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto& column = described_.columns[i];
            members.push_back(fmt::format("{}(pg_row.get<{}>({}))", columns_[i],
                                          value_type(column.type->cpp, column.nullable), i));
        }
        source_.line("{0}::{0}(const pg::Rows::Row& pg_row)", row_);
        source_.raw("    : " + join(members, ",\n      ") + " {}");
        source_.line();
    }

    void write_choices() {
        if (!query_.filters.empty()) {
            header_.doc(
                fmt::format("What {}() may leave out: nothing given, and the condition is "
                            "not there.",
                            name_));
            header_.line("struct {}Filters {{", camel_);
            header_.indent();
            header_.line("{}Filters() = default;", camel_);
            for (std::size_t i = 0; i < query_.filters.size(); ++i) {
                write_filter(i);
            }
            header_.outdent();
            header_.line("}};");
            header_.line();
        }
        if (query_.orders.size() > 1) {
            header_.doc(fmt::format("The orders of {}().", name_));
            for (std::size_t i = 0; i < orders_.size(); ++i) {
                if (!query_.orders[i].doc.empty()) {
                    header_.doc(fmt::format("{}: {}", orders_[i], query_.orders[i].doc));
                }
            }
            header_.call(fmt::format("enum class {}Order {{ ", camel_), orders_, " };");
            header_.line();
        }
    }

    void write_filter(std::size_t i) {
        const auto own = parameters_of(static_cast<int>(i));
        header_.doc(query_.filters[i].doc);
        if (own.empty()) {
            header_.line("bool {} = false;", filters_[i]);
        } else if (own.size() == 1) {
            header_.line("std::optional<{}> {};", type_of(own[0]), filters_[i]);
        } else {
            const auto& name = filter_structs_[i];
            header_.line("struct {} {{", name);
            header_.line("    {}() = default;", name);
            for (const auto parameter : own) {
                header_.line("    {} {}{{}};", type_of(parameter), parameters_[parameter]);
            }
            header_.line("}};");
            header_.line("std::optional<{}> {};", name, filters_[i]);
        }
    }

    void write_parameters() {
        header_.doc(fmt::format("What {}() is given.", name_));
        header_.line("struct {}Parameters {{", camel_);
        header_.indent();
        header_.line("{}Parameters() = default;", camel_);
        for (const auto i : plain_parameters()) {
            header_.line("{} {}{{}};", type_of(i), parameters_[i]);
        }
        header_.outdent();
        header_.line("}};");
        header_.line();
    }

    /// What the function gives.
    std::string result() const {
        switch (query_.kind) {
            case Kind::one:
                return fmt::format("pg::Call<{}>", row_);
            case Kind::optional:
                return fmt::format("pg::Call<std::optional<{}>>", row_);
            case Kind::many:
                return fmt::format("pg::Call<std::vector<{}>>", row_);
            case Kind::exec:
                return "pg::Call<std::uint64_t>";
            case Kind::stream:
                return fmt::format("pg::Stream<{}>", row_);
            case Kind::batch:
                return described_.columns.empty() ? "pg::Batch<std::uint64_t>"
                                                  : fmt::format("pg::Batch<std::vector<{}>>", row_);
            case Kind::copy:
                return "pg::Copy";
        }
        return {};
    }

    std::string reader() const {
        switch (query_.kind) {
            case Kind::one:
                return fmt::format("&pg::read_one<{}>", row_);
            case Kind::optional:
                return fmt::format("&pg::read_optional<{}>", row_);
            case Kind::stream:
                return fmt::format("&pg::from_row<{}>", row_);
            case Kind::many:
                return fmt::format("&pg::read_many<{}>", row_);
            case Kind::batch:
                return described_.columns.empty() ? "&pg::read_affected"
                                                  : fmt::format("&pg::read_many<{}>", row_);
            case Kind::exec:
            case Kind::copy:
                return "&pg::read_affected";
        }
        return {};
    }

    std::vector<std::string> signature(bool with_defaults) const {
        std::vector<std::string> parts;
        if (query_.kind == Kind::batch || query_.kind == Kind::copy) {
            return {fmt::format("const std::vector<{}Parameters>& rows", camel_)};
        }
        if (takes_struct_ && !plain_parameters().empty()) {
            parts.push_back(fmt::format("const {}Parameters& row", camel_));
        } else {
            for (const auto i : plain_parameters()) {
                parts.push_back(parameter(*described_.parameters[i], query_.parameters[i].nullable,
                                          parameters_[i]));
            }
        }
        if (!query_.filters.empty()) {
            parts.push_back(
                fmt::format("const {}Filters& filters{}", camel_, with_defaults ? " = {}" : ""));
        }
        if (query_.orders.size() > 1) {
            parts.push_back(fmt::format(
                "{0}Order order{1}", camel_,
                with_defaults ? fmt::format(" = {}Order::{}", camel_, orders_.front()) : ""));
        }
        return parts;
    }

    void write_declaration() {
        header_.doc(query_.doc);
        if (query_.timeout.count() > 0) {
            header_.doc(fmt::format("It ends after {}.", human(query_.timeout)));
        }
        if (described_.copy) {
            header_.doc(described_.copy->copy.empty()
                            ? "Rows travel in one INSERT: the table takes no COPY, for its "
                              "row-level security or because values are computed."
                            : "Rows travel by COPY.");
        }
        header_.doc(fmt::format("{}, line {}.", query_.file, query_.place.line));
        const auto deprecated =
            query_.deprecated.empty()
                ? std::string()
                : fmt::format("[[deprecated({})]] ", string_literal(query_.deprecated));
        header_.call(fmt::format("{}{} {}(", deprecated, result(), name_), signature(true), ");");
        header_.line();
    }

    void write_statements() {
        const auto& variants = described_.variants;
        if (variants.size() == 1) {
            source_.raw("    static const pg::Statement statement(" +
                        raw_string(variants.front().sql) + ");");
            return;
        }
        source_.line("    static const std::array<pg::Statement, {}> statements = {{",
                     variants.size());
        for (const auto& variant : variants) {
            source_.line("        // {}", name_of(query_, variant));
            source_.raw("        pg::Statement(" + raw_string(variant.sql) + "),");
        }
        source_.line("    }};");
    }

    std::string has_filter(std::size_t filter) const {
        return parameters_of(static_cast<int>(filter)).empty()
                   ? fmt::format("filters.{}", filters_[filter])
                   : fmt::format("filters.{}.has_value()", filters_[filter]);
    }

    /// When a parameter is sent; empty: always.
    std::string condition(const Parameter& each) const {
        std::vector<std::string> conditions;
        for (const auto& use : each.uses) {
            std::vector<std::string> both;
            if (use.filter >= 0) {
                both.push_back(has_filter(static_cast<std::size_t>(use.filter)));
            }
            if (use.order >= 0 && query_.orders.size() > 1) {
                both.push_back(fmt::format("order == {}Order::{}", camel_,
                                           orders_[static_cast<std::size_t>(use.order)]));
            }
            if (both.empty()) {
                return {};
            }
            conditions.push_back(both.size() > 1 ? "(" + join(both, " && ") + ")" : both.front());
        }
        return join(conditions, " || ");
    }

    std::string value(std::size_t i) const {
        const int filter = query_.parameters[i].only_filter();
        if (filter < 0) {
            return takes_struct_ ? "row." + parameters_[i] : parameters_[i];
        }
        const auto name = filters_[static_cast<std::size_t>(filter)];
        return parameters_of(filter).size() == 1
                   ? fmt::format("*filters.{}", name)
                   : fmt::format("filters.{}->{}", name, parameters_[i]);
    }

    std::vector<std::string> values() const {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < parameters_.size(); ++i) {
            all.push_back(value(i));
        }
        return all;
    }

    std::string limit() const {
        return query_.timeout.count() > 0
                   ? fmt::format(", std::chrono::milliseconds({})", query_.timeout.count())
                   : std::string();
    }

    void write_definition() {
        source_.call(fmt::format("{} {}(", result(), name_), signature(false), ") {");
        if (query_.kind == Kind::copy) {
            write_copy();
        } else if (query_.kind == Kind::batch) {
            write_batch();
        } else if (described_.variants.size() > 1) {
            write_variants();
        } else {
            write_statements();
            source_.call("    return {statement, pg::Arguments(", values(),
                         fmt::format("), {}{}}};", reader(), limit()));
        }
        source_.line("}}");
        source_.line();
    }

    void write_variants() {
        write_statements();
        const auto orders = std::max<std::size_t>(query_.orders.size(), 1);
        const auto chosen = fmt::format("pg::choice(static_cast<std::size_t>(order), {})", orders);
        source_.line("    std::size_t variant = {};", orders > 1 ? chosen : "0");
        for (std::size_t i = 0; i < query_.filters.size(); ++i) {
            source_.line("    variant += {} ? {} : 0;", has_filter(i), orders << i);
        }
        source_.line("    pg::Arguments arguments;");
        for (std::size_t i = 0; i < parameters_.size(); ++i) {
            const auto when = condition(query_.parameters[i]);
            if (when.empty()) {
                source_.line("    arguments.add({});", value(i));
            } else {
                source_.line("    if ({}) {{", when);
                source_.line("        arguments.add({});", value(i));
                source_.line("    }}");
            }
        }
        source_.line("    return {{statements[variant], std::move(arguments), {}{}}};", reader(),
                     limit());
    }

    void write_batch() {
        write_statements();
        source_.line("    std::vector<pg::Query> queries;");
        source_.line("    queries.reserve(rows.size());");
        source_.line("    for (const auto& row : rows) {{");
        source_.call("        queries.emplace_back(statement, pg::Arguments(", values(), "));");
        source_.line("    }}");
        source_.line("    return {{std::move(queries), {}{}}};", reader(), limit());
    }

    void write_copy() {
        source_.line("    std::vector<pg::Arguments> arguments;");
        source_.line("    arguments.reserve(rows.size());");
        source_.line("    for (const auto& row : rows) {{");
        source_.call("        arguments.emplace_back(", values(), ");");
        source_.line("    }}");
        const auto& plan = *described_.copy;
        const std::string_view before = query_.timeout.count() > 0 ? "pg::Copy copy =" : "return";
        if (plan.copy.empty()) {
            source_.raw("    static const pg::Statement statement(" + raw_string(plan.insert) +
                        ");");
            source_.line("    {} pg::insert_rows(statement, arguments, {});", before,
                         parameters_.size());
        } else {
            source_.line("    {} pg::copy_rows(std::string({}), arguments);", before,
                         raw_string(plan.copy));
        }
        if (query_.timeout.count() > 0) {
            source_.line("    copy.limit = std::chrono::milliseconds({});", query_.timeout.count());
            source_.line("    return copy;");
        }
    }

    Writer& header_;
    Writer& source_;
    const Facts& facts_;
    const Described& described_;
    const Query& query_;
    std::string name_;
    std::string camel_;
    std::vector<std::string> parameters_;  ///< Their names in C++.
    std::vector<std::string> columns_;
    std::vector<std::string> filters_;
    std::vector<std::string> filter_structs_;
    std::vector<std::string> orders_;
    std::string row_;
    bool own_row_ = false;
    bool takes_struct_ = false;
};

}  // namespace

void write_query(Writer& header, Writer& source, const Described& query, const Facts& facts,
                 const std::string& name_space) {
    QueryWriter(header, source, query, facts, name_space).write();
}

}  // namespace caisson::queries
