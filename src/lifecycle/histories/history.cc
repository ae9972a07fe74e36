// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/history.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/histories/table.h"

namespace caisson::histories {
namespace {

struct Known {
    std::string_view format;
    MakeHistory* make;
};

/// The formats whose tools keep a history, by their names in the manifest.
constexpr std::array known = {
    Known{"alembic", make_alembic},
    Known{"atlas", make_atlas},
    Known{"dbmate", make_dbmate},
    Known{"diesel", make_diesel},
    Known{"flyway", make_flyway},
    Known{"golang-migrate", make_golang_migrate},
    Known{"goose", make_goose},
    Known{"graphile-migrate", make_graphile_migrate},
    Known{"node-pg-migrate", make_node_pg_migrate},
    Known{"popx", make_popx},
    Known{"prisma", make_prisma},
    Known{"sql-migrate", make_sql_migrate},
    Known{"sqitch", make_sqitch},
    Known{"supabase", make_supabase},
};

}  // namespace

std::string ToolHistory::protect_sql() const {
    return fmt::format(
        "do $caisson$declare grantee text; begin for grantee in select distinct "
        "a.grantee::regrole::text from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a "
        "where c.oid = pg_catalog.to_regclass({}) and a.grantee not in (0, c.relowner) and "
        "a.privilege_type in ('INSERT', 'UPDATE', 'DELETE') loop execute 'revoke insert, update, "
        "delete on table {} from ' || grantee; end loop; end$caisson$;",
        pg::literal(table()), replace_all(table(), "'", "''"));
}

std::unique_ptr<ToolHistory> history_of(const platform::Source& source,
                                        const std::vector<sources::Migration>& files) {
    if (source.history && source.history->empty()) {
        return nullptr;
    }
    // The format may have been found out from the files.
    const auto first = std::find_if(files.begin(), files.end(),
                                    [&](const auto& file) { return file.source == source.name; });
    const auto format = first == files.end() ? source.format : first->format;
    const auto one = std::find_if(known.begin(), known.end(),
                                  [&](const auto& entry) { return entry.format == format; });
    return one == known.end() ? nullptr : one->make(source, files);
}

}  // namespace caisson::histories
