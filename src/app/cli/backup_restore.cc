// SPDX-License-Identifier: Apache-2.0
// The verb that puts a backup back: backup restore; and the step of `up --from`.
#include "app/cli/backup_restore.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_masks.h"
#include "app/cli/backup_passage.h"
#include "app/cli/backup_physical.h"
#include "app/cli/steps.h"
#include "base/crypto.h"
#include "base/text.h"
#include "operations/backups/sets/lease.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

Exit show_plan(Context& context, const std::vector<platform::Database>& databases,
               const Manner& manner) {
    boost::json::array rows;
    for (const auto& database : databases) {
        const auto name =
            manner.into.empty() ? trust::database_name(context.run(), database) : manner.into;
        rows.push_back(boost::json::object{
            {"database", database.name}, {"as", name}, {"masked", manner.masks}});
        context.print(fmt::format("would restore {} as {}{}", database.name, name,
                                  manner.masks ? ", masked" : ""));
    }
    context.result()["databases"] = std::move(rows);
    return Exit::fine;
}

void require_consents(Context& context, const std::vector<platform::Database>& databases,
                      const std::string& verb) {
    for (const auto& database : databases) {
        trust::require_consent(context.run(), database, verb,
                               context.arguments().value("--confirm"), context.yes());
    }
}

/// What is damaged, and the newest set that is not.
Error offering(Context& context, const Error& error) {
    const auto repositories = present_repositories(context);
    auto sets = known_sets(repositories);
    std::ranges::reverse(sets);
    const auto whole = std::ranges::find_if(sets, [&](const KnownSet& known) {
        const auto& found = known.found;
        return found.mistake.empty() && !found.set.is_physical() &&
               signature_text(context, found) == "signed" &&
               std::ranges::any_of(known.repositories, [&](const std::string& name) {
                   return backups::damage_of(repository_named(repositories, name), found.set)
                       .empty();
               });
    });
    Error complete(
        error.code(), error.message(),
        whole == sets.end()
            ? "no logical set that is here is whole: look for copies on other media"
            : fmt::format("the newest set that is whole is {0}, of {1}: caisson backup restore {0}",
                          whole->found.set.id, whole->found.set.started));
    for (const auto& [key, value] : error.facts()) {
        complete.with(key, value);
    }
    return complete;
}

/// Names with commas between, as they are or as SQL quotes them: `public.users,"Odd"."A, b"`.
std::vector<std::string> tables_in(std::string_view text) {
    std::vector<std::string> names(1);
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_begin = i == 0 || text[i - 1] == ',' || text[i - 1] == '.';
        if (text[i] == '"' && is_quoted && i + 1 < text.size() && text[i + 1] == '"') {
            names.back() += text[++i];
        } else if (text[i] == '"' && (is_quoted || is_begin)) {
            is_quoted = !is_quoted;
        } else if (text[i] == ',' && !is_quoted) {
            names.emplace_back();
        } else {
            names.back() += text[i];
        }
    }
    return names;
}

/// Which databases, and how, by the arguments.
Manner manner_of(Context& context) {
    const auto& arguments = context.arguments();
    Manner manner{false, !arguments.has("--without-undone")};
    manner.into = arguments.value("--into");
    if (arguments.has("--table")) {
        manner.tables = tables_in(arguments.value("--table"));
        if (manner.into.empty()) {
            throw Error(Code::usage, "single tables are restored beside the database",
                        "say as which database: --into NAME");
        }
    }
    return manner;
}

std::vector<platform::Database> databases_for(Context& context, const Manner& manner) {
    return manner.into.empty() ? context.databases() : std::vector{context.one_database()};
}

/// Beside the present databases, or in their places. Whether all came back as they were.
bool put_back(Context& context, const SetSource& source,
              const std::vector<platform::Database>& databases, const Manner& manner,
              const RestoredFrom& from) {
    const bool is_beside = !manner.into.empty();
    const auto locks = lock_servers_of(context, databases);
    prepare_servers(context, databases);
    auto passages = restore_all(context, source, databases, manner);
    const bool is_equal = are_equal(passages);
    if (is_equal && manner.masks) {
        mask(context, inside(passages));
    }
    if (is_equal && is_beside) {
        pg::Connection admin(passages.front().server);
        passages.front().restored.database->keep(admin);
    } else if (is_equal) {
        put_in_place(context, passages, manner);
        make_ours(context, from);
    }
    boost::json::array rows;
    for (const auto& passage : passages) {
        print_passage(context, passage, is_beside ? manner.into : passage.name);
        rows.push_back(to_json(passage));
    }
    if (!is_equal) {
        context.print("nothing was put in place");
    }
    auto& result = context.result();
    result["set"] = from.set;
    result["equal"] = is_equal;
    result["databases"] = std::move(rows);
    return is_equal;
}

/// A database or a table of a physical set or a moment.
Exit restore_out_of_physical(Context& context) {
    const auto manner = manner_of(context);
    const auto databases = databases_for(context, manner);
    if (manner.into.empty() && !context.dry_run()) {
        require_consents(context, databases, "backup restore");
    }
    const auto extract = extract_physical(context, databases);
    if (!extract) {
        return show_plan(context, databases, manner);
    }
    const SetSource source{*extract->repository, extract->found, {}, false};
    const RestoredFrom from{extract->set, {}, extract->moment};
    return put_back(context, source, databases, manner, from) ? Exit::fine : Exit::findings;
}

Exit restore_logical(Context& context) {
    const auto source = set_source(context, context.arguments().positional());
    const auto& set = source.found.set;
    auto manner = manner_of(context);
    manner.masks = wants_masks(context, source);
    const auto databases = databases_for(context, manner);
    const auto measured = measured_rates(context, false);
    const auto estimate = backups::logical_estimate(measured, set.bytes);
    context.print(fmt::format("{} of {}; what came after it is not in it; {}", set.id, set.started,
                              backups::estimate_text(estimate, measured.drills)));
    if (context.dry_run()) {
        return show_plan(context, databases, manner);
    }
    if (manner.into.empty()) {
        require_consents(context, databases, "backup restore");
    }
    const auto lease = backups::lease(source.repository, set.id, "backup restore");
    context.result()["estimate_seconds"] =
        estimate ? boost::json::value(static_cast<double>(estimate->count()) / 1000)
                 : boost::json::value();
    const RestoredFrom from{set.id, sha256_hex(source.found.json), {}};
    return put_back(context, source, databases, manner, from) ? Exit::fine : Exit::findings;
}

/// A database or tables, where a physical set is of the whole server.
bool takes_a_part(Context& context) {
    const auto& arguments = context.arguments();
    const bool is_part =
        arguments.has("--database") || arguments.has("--into") || arguments.has("--table");
    if (is_part && arguments.has("--to")) {
        throw Error(Code::usage, "--to takes the whole server",
                    "leave -d, --into and --table away, or --to");
    }
    return is_part;
}

/// A restore takes the place of what is there: nothing is restored that nobody named.
void require_target(Context& context) {
    const auto& arguments = context.arguments();
    const bool is_named =
        !arguments.positionals.empty() ||
        std::ranges::any_of(std::array{"--time", "--xid", "--name", "--latest"},
                            [&](const char* option) { return arguments.has(option); });
    if (!is_named) {
        throw Error(Code::usage,
                    "what is to be restored is not said; expected a set, `latest` for the newest "
                    "one, or a moment with --time, --xid, --name or --latest",
                    "caisson backup list shows the sets, and which moments can be restored");
    }
}

Exit run_restore(Context& context) {
    if (context.arguments().has("--part")) {
        return restore_one_part(context);
    }
    require_target(context);
    if (wants_physical(context)) {
        return takes_a_part(context) ? restore_out_of_physical(context) : restore_physical(context);
    }
    try {
        return restore_logical(context);
    } catch (const Error& error) {
        if (error.code() != Code::backup_damaged) {
            throw;
        }
        throw offering(context, error);
    }
}

}  // namespace

fs::path target_directory(Context& context) {
    auto directory = fs::absolute(context.arguments().value("--to")).lexically_normal();
    return directory.has_filename() ? directory : directory.parent_path();
}

bool wants_masks(Context& context, const SetSource& source) {
    return source.is_of_another && !context.run().manifest.backups.masks.empty() &&
           !context.arguments().has("--unmasked");
}

SetSource copy_source(Context& context) {
    const auto& run = context.run();
    if (!run.is_private()) {
        throw Error(Code::not_private,
                    fmt::format("up --from makes a copy on private servers, and {} is not such an "
                                "environment",
                                run.environment.name),
                    "caisson backup restore puts a backup back in its own environment");
    }
    auto source = set_source(context, context.arguments().value("--from"));
    const auto& set = source.found.set;
    for (const auto& database : run.manifest.databases) {
        backups::require_whole(set, database.key);
    }
    require_right_key(source);
    return source;
}

StepSummary restore_copy(Context& context, const SetSource& source) {
    const auto& run = context.run();
    const auto& databases = run.manifest.databases;
    const Manner manner{wants_masks(context, source), false};
    const bool is_fresh = std::ranges::all_of(databases, [&](const platform::Database& database) {
        return holds_nothing(trust::admin_settings(run, database));
    });
    if (!is_fresh) {
        require_consents(context, databases, "up --from");
    }
    const auto lease = backups::lease(source.repository, source.found.set.id, "up --from");
    const auto locks = lock_servers_of(context, databases);
    auto passages = restore_all(context, source, databases, manner);
    StepSummary summary;
    std::uint64_t rows = 0;
    for (const auto& passage : passages) {
        rows += passage.restored.rows;
        if (!passage.restored.differences.empty()) {
            throw Error(
                Code::backup_damaged,
                fmt::format("{} came back another than it was: {}; nothing was put in place",
                            passage.name, join(passage.restored.differences, "; ")));
        }
    }
    const auto masked = manner.masks ? mask(context, inside(passages)) : 0;
    put_in_place(context, passages, manner);
    make_ours(context, {source.found.set.id, sha256_hex(source.found.json), {}});
    for (const auto& passage : passages) {
        summary.notes.insert(summary.notes.end(), passage.restored.notes.begin(),
                             passage.restored.notes.end());
        if (!passage.kept.empty()) {
            summary.notes.push_back(
                fmt::format("what was there before is kept as {}", passage.kept));
        }
    }
    if (!manner.masks && !run.manifest.backups.masks.empty() &&
        !context.arguments().has("--unmasked")) {
        summary.notes.push_back(
            fmt::format("personal data are as they were: the set is of an environment {}, as this "
                        "one is, and [backups.masks] masks those of others",
                        source.found.set.environment));
    }
    summary.changed = true;
    summary.text =
        fmt::format("{}, {}{}", source.found.set.id, counted(rows, "row"),
                    masked == 0 ? "" : fmt::format(", {} masked", counted(masked, "column")));
    return summary;
}

std::vector<Verb> backup_restore_verbs() {
    auto options = source_options();
    options.insert(
        options.begin(),
        {{"--into", "NAME", "as a database of this name, beside the present one", {}},
         {"--part", "PART", "of a logical set: roles, redis or files alone, into --to DIR", {}},
         {"--table", "TABLES", "the rows of these tables alone (schema.table, with commas)", {}},
         {"--time", "MOMENT", "the whole server as it was then: 2026-11-26T21:06:33Z", {}},
         {"--xid", "ID", "the whole server up to this transaction", {}},
         {"--name", "POINT", "the whole server at this named restore point", {}},
         {"--latest", "", "the whole server at the last moment that can be reached", {}},
         {"--to", "DIR", "of the server or a part: into this directory; nothing is started", {}},
         {"--without-undone", "", "restore also what [backups.undone] keeps undone", {}},
         {"--unmasked", "", "of another environment: personal data as they were", {}}});
    return {
        {.name = "backup restore",
         .summary = "a backup put back, compared with what it held",
         .details =
             "SET is an id, its beginning, `latest`, `ENVIRONMENT:` and one of these, or the "
             "directory of a set. It is restored into new databases first, and compared table by "
             "table; only when all are equal they take the places of the present ones, which are "
             "kept under other names. Exit status 7, and nothing put in place, when they are not. "
             "Keys in Redis that live for a time are removed: they were of before. A physical set, "
             "or a "
             "moment, is of the whole server: it is said before what it takes and what is lost, it "
             "is "
             "recovered and compared beside the present data, and then both change places. With "
             "-d, "
             "--into or --table only that database or these tables are taken out of it.",
         .options = options,
         .positional = "[SET]",
         .examples =
             "  caisson backup restore latest --yes\n"
             "  caisson backup restore --time 2026-11-26T21:06:33Z --dry-run\n"
             "  caisson backup restore latest --into look_at_it -d compliance\n"
             "  caisson backup restore latest --part redis --to /srv/redis_of_yesterday\n"
             "  caisson backup restore latest --table public.users --into users_of_yesterday",
         .run = run_restore},
    };
}

}  // namespace caisson::cli
