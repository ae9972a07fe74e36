// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/migrate.h"
#include "app/cli/verb.h"
#include "base/text.h"
#include "lifecycle/sources/sources.h"
#include "lifecycle/sources/sum.h"

namespace caisson::cli {
const platform::Source& source_for_new(Context& context, const platform::Database& database) {
    const auto& sources = database.migrations;
    if (sources.empty()) {
        throw Error(Code::platform_invalid,
                    fmt::format("database {} has no migrations folder", database.key))
            .at(database.place);
    }
    const auto wanted = context.arguments().value("--source");
    std::vector<std::string> names;
    for (const auto& source : sources) {
        if (source.name == wanted || (wanted.empty() && sources.size() == 1)) {
            return source;
        }
        names.push_back(source.name);
    }
    throw Error(Code::usage,
                wanted.empty() ? fmt::format("{} has several sources", database.name)
                               : fmt::format("{} has no source {}", database.name, wanted),
                fmt::format("say which: --source {}", join(names, ", --source ")));
}

const Option& source_option() {
    static const Option option{
        "--source", "NAME", "the source it goes into, where there are several", {}};
    return option;
}

namespace {

Exit run_new(Context& context) {
    const auto database = context.one_database();
    const auto& source = source_for_new(context, database);
    const auto name = join(context.arguments().positionals, "_");
    if (context.dry_run()) {
        context.print(
            fmt::format("would write a new migration \"{}\" into {}", name, source.path.string()));
        context.result() = {{"name", name}, {"folder", source.path.string()}};
        return Exit::fine;
    }
    // A sum that does not hold is not made to hold by what comes next.
    if (sources::read_sum(source)) {
        sources::load({source}, context.run().manifest.features);
    }
    const auto created = sources::create(source, {name, context.arguments().value("--description"),
                                                  context.arguments().has("--merge")});
    context.result() = {{"up", created.up.string()}};
    context.print(created.up.string());
    // Formats that keep both directions in one file have no second one.
    if (!created.down.empty()) {
        context.print(created.down.string());
        context.result()["down"] = created.down.string();
    }
    for (const auto& other : created.others) {
        context.print(other.string());
    }
    if (sources::renew_sum(source)) {
        context.print((source.path / sources::sum_name).string());
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> migrate_new_verbs() {
    return {
        {"migrate new",
         "writes the files of a new migration",
         "",
         {source_option(),
          {"--description", "TEXT", "what it does, kept in the file", {}},
          {"--merge", "", "join the heads of a graph of revisions", {}}},
         "NAME",
         "  caisson migrate new add_orders --description \"orders of customers\"",
         Needs::platform,
         run_new},
    };
}

}  // namespace caisson::cli
