// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/migrate.h"
#include "app/cli/schema_place.h"
#include "base/json.h"
#include "base/text.h"
#include "lifecycle/draft/draft.h"
#include "lifecycle/schema/difference.h"

namespace caisson::cli {
namespace {

const Option rights_option{
    "--rights", "", "owners, grants and default privileges as well, but those of provisioning", {}};

void put(Context& context, const std::string& text) {
    const auto file = context.arguments().value("--output");
    if (file.empty()) {
        context.emit(text);
    } else if (!context.dry_run()) {
        write_file(file, text);
    }
}

Exit run_dump(Context& context) {
    const auto database = context.one_database();
    const auto read = read_schema(context, database.key + "@" + context.run().environment.name,
                                  context.arguments().has("--rights"));
    const auto format = context.arguments().value("--format", context.json() ? "json" : "text");
    if (context.json() && !context.arguments().has("--output")) {
        context.result() = boost::json::parse(to_json(read.snapshot)).as_object();
    } else if (format == "sql") {
        put(context, draft::missing_roles(read.snapshot) + draft::creation(read.snapshot));
    } else if (format == "json") {
        put(context, to_json(read.snapshot));
    } else {
        put(context, schema::to_text(read.snapshot));
    }
    if (context.arguments().has("--output")) {
        context.print(fmt::format("{}: {}, {}", read.name,
                                  counted(read.snapshot.objects.size(), "object"),
                                  schema::hash(without_order(read.snapshot)).substr(0, 12)));
    }
    return Exit::fine;
}

/// Lines of a definition below its object, marked as a diff does.
std::string marked(char mark, const std::string& definition) {
    std::string text;
    for (const auto& line : split(definition, '\n')) {
        text += fmt::format("\n    {} {}", mark, line);
    }
    return text;
}

void print_differences(Context& context, const std::vector<schema::Difference>& differences) {
    for (const auto& difference : differences) {
        const auto what = difference.kind + " " + difference.name;
        switch (difference.change) {
            case schema::Change::missing:
                context.print(context.red("- " + what) + marked('-', difference.expected));
                break;
            case schema::Change::unexpected:
                context.print(context.green("+ " + what) + marked('+', difference.found));
                break;
            case schema::Change::changed:
                context.print(context.yellow("~ " + what) + marked('-', difference.expected) +
                              marked('+', difference.found));
                break;
        }
    }
}

boost::json::array json_of(const std::vector<schema::Difference>& differences) {
    boost::json::array list;
    for (const auto& difference : differences) {
        const bool is_missing = difference.change == schema::Change::missing;
        const bool is_unexpected = difference.change == schema::Change::unexpected;
        boost::json::object row{{"kind", difference.kind},
                                {"name", difference.name},
                                {"change", is_missing      ? "only in a"
                                           : is_unexpected ? "only in b"
                                                           : "changed"}};
        if (!is_unexpected) {
            row["a"] = difference.expected;
        }
        if (!is_missing) {
            row["b"] = difference.found;
        }
        list.push_back(std::move(row));
    }
    return list;
}

Exit run_diff(Context& context) {
    const auto& words = context.arguments().positionals;
    if (words.size() != 2) {
        throw Error(Code::usage,
                    fmt::format("schema diff compares two schemas, not {}", words.size()),
                    "caisson schema diff compliance@local compliance@production");
    }
    const bool rights = context.arguments().has("--rights");
    auto a = read_schema(context, words[0], rights);
    a.scratch.reset();  // An address holds one shadow at a time.
    const auto b = read_schema(context, words[1], rights);
    const auto differences = schema::diff(without_order(a.snapshot), without_order(b.snapshot));
    const auto format = context.arguments().value("--format", context.json() ? "json" : "text");
    if (format == "json") {
        boost::json::object result{{"a", a.name},
                                   {"b", b.name},
                                   {"equal", differences.empty()},
                                   {"differences", json_of(differences)}};
        if (context.json()) {
            context.result() = std::move(result);
        } else {
            context.emit(json_text(result) + "\n");
        }
    } else if (format == "sql") {
        context.emit(draft::to_sql(draft::draft(a.snapshot, b.snapshot)));
    } else {
        print_differences(context, differences);
        context.print(differences.empty()
                          ? fmt::format("{} and {} are equal", a.name, b.name)
                          : fmt::format("{} between {} (-) and {} (+)",
                                        counted(differences.size(), "difference"), a.name, b.name));
    }
    return differences.empty() ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> schema_verbs() {
    return {
        {"schema dump",
         "everything that a database consists of",
         "As text, one object a line, which schema diff reads again; as JSON; or as SQL that makes "
         "the schema in an empty\ndatabase. What Caisson itself adds is left out.",
         {programs_option(),
          {"--format", "FORMAT", "text, json or sql (default: text)", {"text", "json", "sql"}},
          {"--output", "FILE", "write it there", {}},
          rights_option},
         "",
         "  caisson schema dump --format sql > schema.sql\n  caisson -e production schema dump "
         "--output production.schema",
         Needs::platform,
         run_dump},
        {"schema diff",
         "what two schemas have otherwise",
         "Each is a database of the manifest, database@environment, a connection URL, a dump, an "
         "SQL file, or a directory of\nmigrations, which is applied to a shadow. As SQL: the edits "
         "that make the first like the second. Exit status 7 when they\ndiffer.",
         {programs_option(),
          {"--format", "FORMAT", "text, json or sql (default: text)", {"text", "json", "sql"}},
          rights_option},
         "A B",
         "  caisson schema diff ./migrations compliance\n  caisson schema diff "
         "compliance@local compliance@production --format sql\n  caisson schema diff "
         "before.schema compliance --rights",
         Needs::platform,
         run_diff},
    };
}

}  // namespace caisson::cli
