// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/state.h"

#include <algorithm>

namespace caisson::lint {
namespace {

template <typename Map>
const typename Map::mapped_type* found_in(const Map& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : &found->second;
}

std::string last_part(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

/// CHECK (column IS NOT NULL): the column's name.
std::string not_null_column(sql::Node expression) {
    if (!expression.is("NullTest") || expression.text("nulltesttype") != "IS_NOT_NULL") {
        return "";
    }
    const auto fields = strings_of(expression["arg"].list("fields"));
    return fields.empty() ? "" : fields.back();
}

/// One statement taken into the state.
class Application {
 public:
    Application(State& state, std::size_t file, std::size_t transaction)
        : state_(state), file_(file), transaction_(transaction) {}

    void create_table(sql::Node statement) {
        const auto name = relation_name(statement["relation"]);
        if (statement.flag("if_not_exists") && state_.tables.contains(name)) {
            return;
        }
        Table table;
        table.made_in = file_;
        table.is_temporary = statement["relation"].text("relpersistence") == "t";
        auto& made = state_.tables[name] = std::move(table);
        for (const auto& element : statement.list("tableElts")) {
            if (element.is("ColumnDef")) {
                add_column(name, made, element);
            } else if (element.is("Constraint")) {
                add_constraint(name, made, element);
            }
        }
    }

    void alter_table(sql::Node statement) {
        const auto name = relation_name(statement["relation"]);
        if (statement.text("objtype") != "OBJECT_TABLE") {
            return;
        }
        auto& table = known(name);
        for (const auto& command : statement.list("cmds")) {
            alter(name, table, command);
        }
    }

    void create_index(sql::Node statement) {
        Index index;
        index.table = relation_name(statement["relation"]);
        for (const auto& element : statement.list("indexParams")) {
            if (element.text("name").empty()) {
                break;
            }
            index.columns.emplace_back(element.text("name"));
        }
        // WHERE column IS NOT NULL leaves out what no foreign key asks for.
        const auto filled =
            statement["whereClause"] ? not_null_column(statement["whereClause"]) : "";
        index.is_partial =
            statement["whereClause"] &&
            std::find(index.columns.begin(), index.columns.end(), filled) == index.columns.end();
        auto name = std::string(statement.text("idxname"));
        if (name.empty()) {
            name = index.table + " " + std::to_string(state_.indexes.size());
        }
        state_.indexes[std::move(name)] = std::move(index);
    }

    void drop(sql::Node statement) {
        const auto type = statement.text("removeType");
        for (const auto& object : statement.list("objects")) {
            const auto name = object.is("List")       ? object_name(object.list("items"))
                              : object.is("TypeName") ? object_name(object.list("names"))
                                                      : std::string(object.text("sval"));
            if (type == "OBJECT_TABLE") {
                drop_table(name);
            } else if (type == "OBJECT_INDEX") {
                state_.indexes.erase(last_part(name));
            } else if (type == "OBJECT_VIEW" || type == "OBJECT_MATVIEW") {
                state_.views.erase(name);
            } else if (type == "OBJECT_TYPE") {
                state_.enums.erase(name);
            } else if (type == "OBJECT_SCHEMA") {
                std::erase_if(state_.tables, [&](const auto& entry) {
                    return entry.first.rfind(name + ".", 0) == 0;
                });
            }
        }
    }

    void rename(sql::Node statement) {
        const auto type = statement.text("renameType");
        const auto name = relation_name(statement["relation"]);
        const std::string to(statement.text("newname"));
        const std::string from(statement.text("subname"));
        if (type == "OBJECT_TABLE") {
            rename_table(name, to);
        } else if (type == "OBJECT_INDEX") {
            rename_key(state_.indexes, last_part(name), to);
        } else if (type == "OBJECT_COLUMN") {
            rename_key(known(name).columns, from, to);
        } else if (type == "OBJECT_TABCONSTRAINT") {
            rename_key(known(name).constraints, from, to);
        }
    }

    void view(sql::Node relation, sql::Node query, bool is_materialised) {
        View view;
        view.is_materialised = is_materialised;
        view.made_in = file_;
        query.each([&](sql::Node node) {
            if (node.is("RangeVar")) {
                view.tables.insert(relation_name(node));
            } else if (node.is("ColumnRef")) {
                const auto fields = node.list("fields");
                view.columns.emplace(fields.empty() || fields.back().is("A_Star")
                                         ? "*"
                                         : fields.back().text("sval"));
            }
        });
        state_.views[relation_name(relation)] = std::move(view);
    }

    /// CREATE TABLE … AS and CREATE MATERIALIZED VIEW.
    void create_as(sql::Node statement) {
        const auto into = statement["into"]["rel"];
        if (statement.text("objtype") == "OBJECT_MATVIEW") {
            view(into, statement["query"], true);
        } else {
            state_.tables[relation_name(into)].made_in = file_;
        }
    }

    void comment(sql::Node statement) {
        if (statement.text("objtype") == "OBJECT_TABLE") {
            known(object_name(statement.list("object"))).has_comment = true;
        }
    }

 private:
    /// A table that no file made is known from here on, as one that was there before.
    Table& known(const std::string& name) {
        const auto [entry, is_new] = state_.tables.try_emplace(name);
        if (is_new) {
            entry->second.made_in = static_cast<std::size_t>(-1);
        }
        return entry->second;
    }

    void add_column(const std::string& name, Table& table, sql::Node definition) {
        const std::string column_name(definition.text("colname"));
        Column column;
        column.type = type_of(definition["typeName"]);
        column.is_not_null = column.type.is_serial();
        column.made_in = file_;
        for (const auto& constraint : definition.list("constraints")) {
            const auto type = constraint.text("contype");
            column.is_not_null = column.is_not_null || type == "CONSTR_NOTNULL" ||
                                 type == "CONSTR_PRIMARY" || type == "CONSTR_IDENTITY";
            add_constraint(name, table, constraint, column_name);
        }
        table.columns[column_name] = std::move(column);
    }

    void add_constraint(const std::string& table_name, Table& table, sql::Node node,
                        const std::string& column = {}) {
        const auto type = node.text("contype");
        Constraint constraint;
        std::string suffix;
        if (type == "CONSTR_CHECK") {
            suffix = "check";
            constraint.not_null_column = not_null_column(node["raw_expr"]);
        } else if (type == "CONSTR_FOREIGN") {
            suffix = "fkey";
            constraint.kind = Constraint::Kind::foreign_key;
            constraint.columns = strings_of(node.list("fk_attrs"));
            constraint.references = relation_name(node["pktable"]);
        } else if (type == "CONSTR_UNIQUE" || type == "CONSTR_PRIMARY") {
            suffix = type == "CONSTR_UNIQUE" ? "key" : "pkey";
            constraint.kind =
                type == "CONSTR_UNIQUE" ? Constraint::Kind::unique : Constraint::Kind::primary_key;
            constraint.columns = strings_of(node.list("keys"));
            if (const auto index = state_.indexes.find(node.text("indexname"));
                index != state_.indexes.end()) {
                constraint.columns = index->second.columns;
            }
        } else if (type == "CONSTR_EXCLUSION") {
            suffix = "excl";
            constraint.kind = Constraint::Kind::exclusion;
        } else {
            return;
        }
        if (constraint.columns.empty() && !column.empty()) {
            constraint.columns = {column};
        }
        constraint.is_valid = !node.flag("skip_validation");
        constraint.made_in_transaction = transaction_;
        if (constraint.kind == Constraint::Kind::primary_key) {
            for (const auto& key : constraint.columns) {
                if (const auto found = table.columns.find(key); found != table.columns.end()) {
                    found->second.is_not_null = true;
                }
            }
        }
        table.constraints[constraint_name(table_name, node, constraint, suffix)] =
            std::move(constraint);
    }

    /// As the server would choose it where nothing is said: table_column_fkey, table_pkey.
    static std::string constraint_name(const std::string& table, sql::Node node,
                                       const Constraint& constraint, const std::string& suffix) {
        if (!node.text("conname").empty()) {
            return std::string(node.text("conname"));
        }
        std::string name = last_part(table);
        if (constraint.kind != Constraint::Kind::primary_key) {
            for (const auto& column : constraint.columns) {
                name += "_" + column;
            }
        }
        return name + "_" + suffix;
    }

    void alter(const std::string& name, Table& table, sql::Node command) {
        const auto type = command.text("subtype");
        const std::string target(command.text("name"));
        if (type == "AT_AddColumn") {
            add_column(name, table, command["def"]);
        } else if (type == "AT_DropColumn") {
            table.columns.erase(target);
        } else if (type == "AT_AddConstraint") {
            add_constraint(name, table, command["def"]);
        } else if (type == "AT_DropConstraint") {
            table.constraints.erase(target);
        } else if (type == "AT_ValidateConstraint") {
            if (const auto found = table.constraints.find(target);
                found != table.constraints.end()) {
                found->second.is_valid = true;
            }
        } else if (type == "AT_AlterColumnType") {
            table.columns[target].type = type_of(command["def"]["typeName"]);
        } else if (type == "AT_SetNotNull") {
            table.columns[target].is_not_null = true;
        } else if (type == "AT_DropNotNull") {
            table.columns[target].is_not_null = false;
        }
    }

    void drop_table(const std::string& name) {
        state_.tables.erase(name);
        std::erase_if(state_.indexes,
                      [&](const auto& entry) { return entry.second.table == name; });
        std::erase_if(state_.views,
                      [&](const auto& entry) { return entry.second.tables.contains(name); });
    }

    template <typename Map>
    static void rename_key(Map& map, const std::string& from, const std::string& to) {
        if (auto entry = map.extract(from)) {
            entry.key() = to;
            map.insert(std::move(entry));
        }
    }

    void rename_table(const std::string& from, const std::string& to_name) {
        const auto dot = from.rfind('.');
        const auto to = dot == std::string::npos ? to_name : from.substr(0, dot + 1) + to_name;
        rename_key(state_.tables, from, to);
        for (auto& [name, index] : state_.indexes) {
            index.table = index.table == from ? to : index.table;
        }
        for (auto& [name, view] : state_.views) {
            if (view.tables.erase(from) > 0) {
                view.tables.insert(to);
            }
        }
    }

    State& state_;
    std::size_t file_;
    std::size_t transaction_;
};

}  // namespace

const Table* State::table(std::string_view name) const { return found_in(tables, name); }

const Column* State::column(std::string_view table_name, std::string_view column_name) const {
    const auto* const found = table(table_name);
    return found ? found_in(found->columns, column_name) : nullptr;
}

const Constraint* State::constraint(std::string_view table_name, std::string_view name) const {
    const auto* const found = table(table_name);
    return found ? found_in(found->constraints, name) : nullptr;
}

bool State::is_new(std::string_view relation, std::size_t file) const {
    if (const auto* const found = table(relation)) {
        return found->made_in == file || found->is_temporary;
    }
    const auto* const view = found_in(views, relation);
    return view && view->made_in == file;
}

bool State::has_index(std::string_view table_name, const std::vector<std::string>& columns) const {
    const auto begins = [&](const std::vector<std::string>& indexed) {
        return indexed.size() >= columns.size() &&
               std::is_permutation(columns.begin(), columns.end(), indexed.begin());
    };
    for (const auto& [name, index] : indexes) {
        if (index.table == table_name && !index.is_partial && begins(index.columns)) {
            return true;
        }
    }
    const auto* const found = table(table_name);
    return found && std::any_of(found->constraints.begin(), found->constraints.end(),
                                [&](const auto& entry) {
                                    const auto kind = entry.second.kind;
                                    return (kind == Constraint::Kind::unique ||
                                            kind == Constraint::Kind::primary_key) &&
                                           begins(entry.second.columns);
                                });
}

void State::apply(sql::Node statement, std::size_t file, std::size_t transaction) {
    Application application(*this, file, transaction);
    const auto kind = statement.kind();
    if (kind == "CreateStmt") {
        application.create_table(statement);
    } else if (kind == "AlterTableStmt") {
        application.alter_table(statement);
    } else if (kind == "IndexStmt") {
        application.create_index(statement);
    } else if (kind == "DropStmt") {
        application.drop(statement);
    } else if (kind == "RenameStmt") {
        application.rename(statement);
    } else if (kind == "ViewStmt") {
        application.view(statement["view"], statement["query"], false);
    } else if (kind == "CreateTableAsStmt") {
        application.create_as(statement);
    } else if (kind == "CommentStmt") {
        application.comment(statement);
    } else if (kind == "CreateEnumStmt") {
        enums[object_name(statement.list("typeName"))] = file;
    }
}

std::string relation_name(sql::Node range_var) {
    const auto schema = range_var.text("schemaname");
    const std::string name(range_var.text("relname"));
    return schema.empty() || schema == "public" ? name : std::string(schema) + "." + name;
}

std::string object_name(const std::vector<sql::Node>& names) {
    std::string name;
    for (const auto& part : names) {
        const auto word = part.text("sval");
        if (&part != &names.front() || names.size() == 1 || word != "public") {
            name += (name.empty() ? "" : ".") + std::string(word);
        }
    }
    return name;
}

std::vector<std::string> strings_of(const std::vector<sql::Node>& nodes) {
    std::vector<std::string> strings;
    for (const auto& node : nodes) {
        if (const auto text = node.text("sval"); !text.empty()) {
            strings.emplace_back(text);
        }
    }
    return strings;
}

}  // namespace caisson::lint
