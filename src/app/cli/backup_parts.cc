// SPDX-License-Identifier: Apache-2.0
// The parts of a set that are no database: for `backup restore --part`.
#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup_restore.h"
#include "base/text.h"
#include "operations/backups/logical/parts.h"
#include "operations/backups/sets/lease.h"

namespace caisson::cli {
namespace {

/// As people call them, and as a set does.
const std::map<std::string, std::string>& kinds() {
    static const std::map<std::string, std::string> kinds = {
        {"files", "platform"}, {"redis", "redis"}, {"roles", "roles"}};
    return kinds;
}

std::string next_step(const std::string& kind, const fs::path& directory) {
    return kind == "redis"   ? "start a Redis on it: redis-server --dir " + directory.string()
           : kind == "roles" ? "read roles.sql, then give it to psql of a new server; settings.sql "
                               "once its databases are there; passwords are in no backup"
                             : "compare it with what is in place: diff -r";
}

}  // namespace

Exit restore_one_part(Context& context) {
    const auto& arguments = context.arguments();
    const auto kind = kinds().find(arguments.value("--part"));
    if (kind == kinds().end()) {
        throw Error(Code::usage, fmt::format("--part is \"{}\"; expected roles, redis or files",
                                             arguments.value("--part")));
    }
    if (!arguments.has("--to")) {
        throw Error(Code::usage, "a part is put beside what is in place, never over it",
                    "say where: --to DIR");
    }
    auto name = arguments.positional("latest");
    if (name == "latest") {
        // Of those that have it: a set of the server has none of these.
        for (const auto& known : known_sets(present_repositories(context))) {
            if (std::ranges::count(known.found.set.parts, kind->second, &backups::Part::kind) > 0) {
                name = known.found.set.id;
            }
        }
    }
    const auto source = set_source(context, name);
    const auto& set = source.found.set;
    const auto directory = target_directory(context);
    if (kind->second == "redis" && wants_masks(context, source)) {
        throw Error(Code::confirmation_needed,
                    "a copy of Redis of another environment cannot be masked, and [backups.masks] "
                    "asks for it",
                    "say --unmasked when it may be seen here");
    }
    for (const auto& part : set.parts) {
        if (part.kind == kind->second) {
            context.print(fmt::format("{} of {}, as of {}: {}", kind->first, set.id, part.at,
                                      human_bytes(part.bytes)));
        }
    }
    if (context.dry_run()) {
        context.print("would be put into " + directory.string());
        return Exit::fine;
    }
    const auto lease = backups::lease(source.repository, set.id, "backup restore");
    const auto restored =
        backups::restore_part(source.repository, set, kind->second, source.sealing, directory);
    context.print(fmt::format("{} {}: {}, compared with the backup", context.green("✓"),
                              directory.string(), join(restored.files, ", ")));
    context.print("  → " + next_step(restored.kind, directory));
    context.result() = {
        {"set", set.id},
        {"part", kind->first},
        {"at", restored.at},
        {"bytes", restored.bytes},
        {"directory", directory.string()},
        {"files", boost::json::array(restored.files.begin(), restored.files.end())}};
    return Exit::fine;
}

}  // namespace caisson::cli
