// SPDX-License-Identifier: Apache-2.0
/// docs/reference/manifest.md, made from the table that the parser obeys.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/kinds.h"
#include "platform/platform.h"

namespace caisson::platform {
namespace {

constexpr std::string_view introduction = R"(# caisson.toml

<!-- Made from the table in src/platform/settings.cc. After a change there, rewrite this page:
     CAISSON_UPDATE=1 build/dev/tests/platform_reference_test -->

A platform is a directory of plain files, and `caisson.toml` in it says what the files are for: the databases, the
environments they live in, the settings of their servers, the variables and roles they need. It is
[TOML](https://toml.io), UTF-8.

Whatever this page does not name is refused, with the nearest name that it does. All mistakes of a file are reported at
once, each with its line and column, and nothing is done before there are none:

```text
caisson.toml has 2 mistakes:
caisson.toml:3:1: unknown setting titel in [platform]; did you mean "title"?
caisson.toml:9:8: api.port is 70000; expected a port from 1 to 65535
```

- **Paths** are taken relative to the directory of `caisson.toml`.
- **References.** `${NAME}` in the address of an environment, in the `pool` of a database, in `[backups]` and in `[monitor]`
  stands for a variable declared below `[variables]`. It is looked up in the process's environment and in `.env` beside the manifest, then in the
  variable's file, command and default. An empty value counts as none. Nowhere else does `${` mean anything.
- **Secrets** do not belong into this file: declare a variable with `secret = true`, and let it come from the environment,
  a file or a command. A password that everybody knows, such as `postgres`, is refused outside private environments.
- **Names** of the user's own stand as `*` below; `[]` is an entry of a list.

## Example

)";

constexpr std::string_view example = R"([platform]
name  = "lumina"
title = "Lumina: real-world-asset compliance"

[databases.compliance]
name       = "compliance_db"
migrations = ["migrations"]
extensions = ["pgcrypto", { name = "vector", optional = true }]

[server.postgres]
max_connections = 100
shared_buffers  = "256MB"
pg_stat_statements.max = 5000

[server.redis]
maxmemory        = "256mb"
maxmemory-policy = "allkeys-lru"

[environments.local]               # private servers below the state directory
server = "private"

[environments.production]
host      = "${DATABASE_HOST}"
user      = "provisioner"
password  = "${DATABASE_PASSWORD}"
tls       = "verify-full"
redis     = "${REDIS_URL}"
protected = true                   # destructive verbs ask for the database's own name

[environments.production.roles.app]
host = "pool.internal"             # the application goes through a pool
port = 6432

[roles.analyst]                    # compliance_db_analyst, beside the built-in roles
grants = ["usage on schema public", "select on kyc_checks, aml_checks"]

[variables.DATABASE_HOST]
type        = "host"
required_in = ["production"]
description = "primary of the cluster"
group       = "Database"
aliases     = ["DB_HOST"]

[variables.DATABASE_PASSWORD]
required_in = ["production"]
secret      = true
group       = "Database"
command     = ["op", "read", "op://lumina/database/password"]

[variables.REDIS_URL]
type        = "url"
required_in = ["production"]
secret      = true
group       = "Redis"

[seeds."sanctions.wallets"]        # a JSON list of addresses becomes rows
key     = "address"
columns = { address = "$value", source = "$file" }

[cache.keys."session:{id}"]
ttl         = "7d"
description = "what a user is doing"

[cache.keys."ratelimit:{user_id}:{action}"]
ttl        = "60s"
on_missing = "delete"              # a limit that never ends would lock the user out

[features]
blockchain = false                 # gates files that say: -- caisson: feature blockchain

[api]
listen = "127.0.0.1"
port   = 4000
)";

constexpr std::string_view after_tables = R"(
## Built-in roles

Each database has these roles, whose names begin with its own (`compliance_db_app`): `owner` (no login), `migrator`, `app`,
`service`, `backup`, `readonly`, `auditor`, `monitor`, `advisor`. `[roles]` adds others; `[environments.*.roles]` says where
one of them connects differently.

## Kinds of values

| kind | is |
|---|---|
)";

std::string cell(std::string text) { return replace_all(std::move(text), "|", "\\|"); }

std::string parent_of(const std::string& path) {
    const auto dot = path.rfind('.');
    const auto bracket = path.ends_with("[]") ? path.size() - 2 : std::string::npos;
    return path.substr(0, bracket != std::string::npos ? bracket
                          : dot == std::string::npos   ? 0
                                                       : dot);
}

/// Whether the setting has settings of its own below it, and so a heading.
bool has_heading(const Setting& setting) {
    return may_be_section(setting.kind) &&
           std::any_of(settings().begin(), settings().end(), [&](const Setting& each) {
               return each.path.starts_with(setting.path + ".");
           });
}

std::string section_text(const Setting& section) {
    std::string rows;
    for (const auto& setting : settings()) {
        const auto parent = parent_of(setting.path);
        const bool is_item = parent_of(parent) == section.path && setting.path == parent + "[]";
        const bool is_own = parent == section.path || is_item;
        if (!is_own || (has_heading(setting) && setting.kind == "section")) {
            continue;
        }
        const auto name = setting.path.substr(section.path.size() + 1);
        rows += fmt::format("| `{}` | {} | {} | {} |\n", name, cell(setting.kind),
                            setting.required ? "**required**" : cell(setting.fallback),
                            cell(setting.meaning));
    }
    std::string text = fmt::format("\n### [{}]\n\n{}\n", section.path, section.meaning);
    if (!rows.empty()) {
        text += "\n| setting | kind | default | meaning |\n|---|---|---|---|\n" + rows;
    }
    return text;
}

}  // namespace

std::string manifest_example() { return std::string(example); }

std::string manifest_reference() {
    std::string text =
        std::string(introduction) + "```toml\n" + std::string(example) + "```\n\n## Sections\n";
    for (const auto& setting : settings()) {
        if (has_heading(setting)) {
            text += section_text(setting);
        }
    }
    text += after_tables;
    for (const auto& kind : kinds()) {
        text += fmt::format("| {} | {} |\n", cell(std::string(kind.name)),
                            cell(std::string(kind.expected)));
    }
    return text;
}

}  // namespace caisson::platform
