// SPDX-License-Identifier: Apache-2.0
#include "app/cli/draft_file.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

/// The line that begins the way down where a file has both; npos where it has not.
std::size_t down_marker(const std::string& text) {
    for (const std::string_view marker :
         {"-- migrate:down", "-- +goose Down", "-- +migrate Down", "-- Down Migration"}) {
        if (const auto found = text.find(marker); found != std::string::npos) {
            return found;
        }
    }
    return std::string::npos;
}

/// The SQL at the end of a part of a file, but inside its own transaction.
std::string filled(const std::string& given, const Way& way) {
    const std::string part = trim(given).empty() ? "" : given;
    std::string sql = (way.is_alone ? "-- caisson: no-transaction\n" : "") + way.sql;
    // These tools cut at semicolons, and a function has some.
    for (const std::string_view tool : {"-- +goose ", "-- +migrate "}) {
        if (part.find(tool) != std::string::npos) {
            sql = fmt::format("{0}StatementBegin\n{1}{0}StatementEnd\n", tool, sql);
        }
    }
    const auto commit = part.rfind("\nCOMMIT;");
    return commit == std::string::npos ? part + sql
                                       : part.substr(0, commit + 1) + sql + part.substr(commit);
}

}  // namespace

void fill_migration(const Way& up, const Way& down, const sources::Created& created) {
    const auto text = read_file(created.up);
    const auto marker = created.down.empty() ? down_marker(text) : std::string::npos;
    if (marker != std::string::npos) {
        const auto rest = text.substr(marker);
        write_file(created.up, filled(text.substr(0, marker), up) + "\n" +
                                   filled(rest.back() == '\n' ? rest : rest + "\n", down));
        return;
    }
    write_file(created.up, filled(text, up));
    if (!created.down.empty()) {
        write_file(created.down, filled(read_file(created.down), down));
    }
}

}  // namespace caisson::cli
