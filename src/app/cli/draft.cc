// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/draft/draft.h"

#include <iostream>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/draft_file.h"
#include "app/cli/migrate.h"
#include "app/cli/schema_place.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/sources/sum.h"

namespace caisson::cli {
namespace {

/// A way from one schema to the other, tried on a shadow.
struct Proven {
    std::string sql;
    draft::Draft draft;
    schema::Snapshot reached;
    bool by_statement = false;  ///< A statement uses what another one made only after its COMMIT.
    std::vector<schema::Difference> left;
};

constexpr std::string_view unsafe_new_enum_value = "55P04";

Proven prove(pg::Connection& scratch, const schema::Snapshot& from, const schema::Snapshot& to,
             const schema::Scope& scope) {
    Proven proven;
    proven.draft = draft::draft(from, to);
    proven.sql = draft::to_sql(proven.draft);
    if (proven.sql.find("CREATE OR REPLACE ") != std::string::npos) {
        // The body of a function may name what comes later.
        proven.sql = "set local check_function_bodies = off;\n\n" + proven.sql;
    }
    try {
        scratch.script("begin;\n" + proven.sql + "\ncommit");
    } catch (pg::DatabaseError& error) {
        scratch.script("rollback");
        if (error.sqlstate != unsafe_new_enum_value) {
            error.with("while trying", proven.sql);
            throw;
        }
        proven.by_statement = true;
        proven.sql = replace_all(proven.sql, "set local check", "set check");
        scratch.script("set check_function_bodies = off");
        for (const auto& edit : proven.draft.edits) {
            scratch.script(edit.sql);
        }
        scratch.script("reset check_function_bodies");
    }
    proven.reached = schema::snapshot(scratch, scope);
    proven.left = schema::diff(without_order(to), without_order(proven.reached));
    return proven;
}

/// `--rename public.users.mail=address`, several separated by commas.
std::vector<std::pair<std::string, std::string>> asked_renames(Context& context) {
    std::vector<std::pair<std::string, std::string>> renames;
    for (const auto& pair : split(context.arguments().value("--rename"), ',')) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos) {
            throw Error(Code::usage, fmt::format("--rename {} names no new name", pair),
                        "write --rename public.users.mail=address");
        }
        renames.emplace_back(std::string(trim(pair.substr(0, equals))),
                             std::string(trim(pair.substr(equals + 1))));
    }
    return renames;
}

/// Only who can see the question is asked.
bool is_renamed(Context& context, const std::string& pair) {
    if (context.json() || context.yes() || ::isatty(STDIN_FILENO) != 1 ||
        ::isatty(STDERR_FILENO) != 1) {
        context.note(fmt::format("looks like a rename: --rename {}", pair));
        return false;
    }
    std::cerr << fmt::format("Is this a rename: {}? [y/N] ", pair) << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

/// The renames as SQL, applied to the shadow; `from` is what it has afterwards.
struct Renamed {
    std::string up;
    std::string down;
};

void apply_rename(Renamed& renamed, pg::Connection& scratch, schema::Snapshot& from,
                  const std::string& old_name, const std::string& new_name,
                  const schema::Scope& scope) {
    const auto sql = draft::rename(from, old_name, new_name);
    scratch.script(sql);
    from = schema::snapshot(scratch, scope);
    const auto [parent, own] = schema::split_name(old_name);
    const auto plain =
        own.front() == '"' ? replace_all(own.substr(1, own.size() - 2), "\"\"", "\"") : own;
    auto renamed_name = parent + '.' + new_name;
    std::string back;
    try {
        back = draft::rename(from, renamed_name, plain);
    } catch (const Error&) {
        back = draft::rename(from, parent + '.' + pg::identifier(new_name), plain);
    }
    renamed.up += sql;
    renamed.down = back + renamed.down;
}

Renamed renames(Context& context, pg::Connection& scratch, schema::Snapshot& from,
                const schema::Snapshot& to, const schema::Scope& scope) {
    Renamed renamed;
    for (const auto& [old_name, new_name] : asked_renames(context)) {
        apply_rename(renamed, scratch, from, old_name, new_name, scope);
    }
    for (const auto& pair : draft::draft(from, to).possible_renames) {
        if (is_renamed(context, pair)) {
            const auto equals = pair.rfind('=');
            apply_rename(renamed, scratch, from, pair.substr(0, equals), pair.substr(equals + 1),
                         scope);
        }
    }
    return renamed;
}

void require_consent_to_loss(Context& context, const draft::Draft& draft) {
    if (!draft.loses_data() || context.arguments().has("--allow-loss")) {
        return;
    }
    std::vector<std::string> losses;
    for (const auto& edit : draft.edits) {
        if (edit.loses_data) {
            losses.push_back(fmt::format("{}: {}", edit.key, edit.note));
        }
    }
    throw Error(Code::confirmation_needed, "the draft would lose data:\n  " + join(losses, "\n  "),
                "say --allow-loss if that is meant, or --rename old=new where something only has "
                "another name");
}

/// What is left between the target and what a draft reached, for people.
void print_left(Context& context, const Proven& proven, std::string_view way) {
    context.note(fmt::format("the way {} does not arrive; what is left:", way));
    for (const auto& difference : proven.left) {
        context.note(fmt::format("  {} {} {}", schema::to_text(difference.change), difference.kind,
                                 difference.name));
    }
}

Exit run_draft(Context& context) {
    const auto database = context.one_database();
    const auto& source = source_for_new(context, database);
    const auto scope = scope_of(context.run(), database, context.arguments().has("--rights"));
    const auto& arguments = context.arguments();
    auto to = read_schema(
        context, arguments.value("--to", database.key + "@" + context.run().environment.name),
        scope.rights);
    to.scratch.reset();  // An address holds one shadow at a time.
    auto from = arguments.has("--from")
                    ? read_schema(context, arguments.value("--from"), scope.rights)
                    : read_migrated(context, database, scope);
    if (!from.scratch) {
        from.scratch = std::make_unique<Scratch>(context.run(), database);
        auto& empty = from.scratch->connection(scope.rights);
        empty.script(draft::creation(from.snapshot));
        empty.script("reset check_function_bodies");
    }
    auto& scratch = from.scratch->connection(scope.rights);
    const auto start = schema::snapshot(scratch, scope);
    auto current = start;
    const auto renamed = renames(context, scratch, current, to.snapshot, scope);
    auto up = prove(scratch, current, to.snapshot, scope);
    require_consent_to_loss(context, up.draft);
    up.sql = renamed.up + up.sql;
    if (up.sql.empty()) {
        context.print(
            fmt::format("{} and {} are equal: there is nothing to draft", from.name, to.name));
        context.result() = {{"equal", true}};
        return Exit::fine;
    }
    auto down = prove(scratch, up.reached, current, scope);
    down.sql += renamed.down;
    if (!up.left.empty() || !down.left.empty()) {
        context.emit(up.sql);
        print_left(context, up.left.empty() ? down : up, up.left.empty() ? "down" : "up");
        return Exit::findings;
    }
    context.result() = {{"up_sql", up.sql},
                        {"down_sql", down.sql},
                        {"proven", true},
                        {"loses_data", up.draft.loses_data()}};
    if (context.dry_run()) {
        context.print(up.sql);
        return Exit::fine;
    }
    const auto created = sources::create(
        source, {join(arguments.positionals, "_"), arguments.value("--description")});
    fill_migration({up.sql, up.by_statement}, {down.sql, down.by_statement}, created);
    sources::renew_sum(source);
    context.print(created.up.string());
    if (!created.down.empty()) {
        context.print(created.down.string());
    }
    context.print(
        fmt::format("proven on a shadow: up leads to {}, down back to {}", to.name, from.name));
    context.result()["up"] = created.up.string();
    context.result()["down"] = created.down.string();
    return Exit::fine;
}

}  // namespace

std::vector<Verb> draft_verbs() {
    return {
        {"migrate draft",
         "writes a migration from the difference of two schemas",
         "From what the migrations lead to (or --from) to the database as it is (or --to: "
         "whatever schema diff takes). Up and\ndown are proven on a shadow before anything is "
         "written. What loses data is refused without --allow-loss; what looks\nlike a rename is "
         "asked about, never guessed.",
         {{"--from", "A", "instead of what the migrations lead to", {}},
          {"--to", "B", "instead of the database of the environment", {}},
          {"--rename",
           "OLD=NEW",
           "what only has another name, such as public.users.mail=address; several with commas",
           {}},
          {"--allow-loss", "", "drop what holds data", {}},
          {"--rights", "", "owners, grants and default privileges as well", {}},
          {"--description", "TEXT", "what it does, kept in the file", {}},
          programs_option(),
          source_option()},
         "NAME",
         "  caisson migrate draft add_orders  # after changing the database by hand\n  caisson "
         "migrate draft add_orders --to target.sql --dry-run\n  caisson migrate draft "
         "rename_mail --rename public.users.mail=address",
         Needs::platform,
         run_draft}};
}

}  // namespace caisson::cli
