// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/files.h"
#include "base/text.h"
#include "lifecycle/projects/survey.h"

namespace caisson::cli {
namespace {

struct SkeletonFile {
    std::string_view name;
    std::string_view
        text;  ///< `@NAME@` stands for the platform's name, `@DATABASE@` for its database's.
};

constexpr std::array skeleton = {
    SkeletonFile{
        "caisson.toml",
        R"toml(# The platform: what PostgreSQL and Redis are made to match. Grammar: docs/reference/manifest.md
[platform]
name  = "@NAME@"
title = "@NAME@"

[databases.main]
name       = "@DATABASE@"
migrations = ["migrations"]
extensions = ["pgcrypto", { name = "pg_stat_statements", optional = true }]

[server.postgres]                # set on private servers, compared everywhere else
max_connections = 100

[environments.local]             # private servers of your own, below the state directory
server = "private"

[environments.production]
host      = "${DATABASE_HOST}"
user      = "${DATABASE_USER}"
password  = "${DATABASE_PASSWORD}"
protected = true                 # what destroys data asks for the database's own name

[variables.DATABASE_HOST]
type        = "host"
required_in = ["production"]
example     = "db.internal"
description = "primary of the cluster"

[variables.DATABASE_USER]
required_in = ["production"]
description = "administrator who makes databases and roles"

[variables.DATABASE_PASSWORD]
secret      = true
required_in = ["production"]
description = "the administrator's password"

[api]
port = 4000
)toml"},
    SkeletonFile{"migrations/001_initial.sql", R"sql(-- What every later migration builds on.
create table countries (
    code text primary key check (code ~ '^[A-Z]{2}$'),
    name text not null
);

create table customers (
    id         bigint generated always as identity primary key,
    email      text not null unique,
    country    text not null references countries on delete restrict,
    created_at timestamptz not null default now()
);

-- Look-ups by country, and the foreign key's own checks.
create index customers_country_idx on customers (country);
)sql"},
    SkeletonFile{"migrations/001_initial.down.sql",
                 "drop table customers;\ndrop table countries;\n"},
    SkeletonFile{"seeds/reference/countries.csv",
                 "code,name\nAE,United Arab Emirates\nIN,India\nUS,United States\n"},
    SkeletonFile{"seeds/sample/customers.csv",
                 "email,country\nfirst@example.com,AE\nsecond@example.com,IN\n"},
    SkeletonFile{"checks/countries.sql", R"sql(-- check: three countries are known
-- expect: value = 3
-- severity: error
-- remedy: caisson seed
select count(*) from countries;
)sql"},
    SkeletonFile{".gitignore", ".env\n"},
    SkeletonFile{"README.md", R"md(# @NAME@

    caisson up                 # servers, database, migrations, seeds, checks, API
    caisson migrate new add_orders --description "orders of customers"
    caisson migrate            # applies what is pending
    caisson verify             # proves that everything is as it should be
    caisson down
)md"},
};

fs::path program_directory() { return fs::read_symlink("/proc/self/exe").parent_path(); }

/// Where platforms lie: beside an installed program, or in the checkout a build belongs to.
std::vector<fs::path> template_directories() {
    return {program_directory() / "../share/caisson/platforms",
            program_directory() / "../../../platforms"};
}

std::vector<std::string> template_names() {
    std::vector<std::string> names;
    for (const auto& directory : template_directories()) {
        std::error_code missing;
        for (const auto& entry : fs::directory_iterator(directory, missing)) {
            if (fs::exists(entry.path() / "caisson.toml")) {
                names.push_back(entry.path().filename());
            }
        }
    }
    return names;
}

fs::path template_directory(const std::string& name) {
    for (const auto& directory : template_directories()) {
        if (name.find('/') == std::string::npos && fs::exists(directory / name / "caisson.toml")) {
            return fs::canonical(directory / name);
        }
    }
    throw Error(Code::usage, fmt::format("there is no template \"{}\"", name),
                fmt::format("choose one of: {}", join(template_names(), ", ")));
}

bool is_platform_name(const std::string& name) {
    return !name.empty() && name.size() <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
}

using Files = std::vector<std::pair<fs::path, std::string>>;

/// Nothing that exists is overwritten: either all files are written, or none.
Exit write_all(Context& context, const fs::path& target, const Files& files) {
    for (const auto& [path, text] : files) {
        if (fs::exists(target / path)) {
            throw Error(Code::usage, fmt::format("{} exists already", (target / path).string()),
                        "choose an empty directory; nothing was written");
        }
    }
    boost::json::array written;
    for (const auto& [path, text] : files) {
        if (!context.dry_run()) {
            ensure_directory((target / path).parent_path());
            write_file(target / path, text);
        }
        context.print(fmt::format("  {}", path.string()));
        written.emplace_back(path.string());
    }
    context.print(fmt::format("{} {} in {}", context.dry_run() ? "would write" : "wrote",
                              counted(files.size(), "file"), target.string()));
    context.print(fmt::format("next: caisson -C {} up", target.string()));
    context.result()["directory"] = target.string();
    context.result()["files"] = std::move(written);
    return Exit::fine;
}

void require_no_platform(const fs::path& target) {
    if (fs::exists(target / "caisson.toml")) {
        throw Error(Code::usage, fmt::format("{} is a platform already", target.string()),
                    "choose another directory");
    }
}

/// The project stays as it is; its manifest is written beside it.
Exit init_from(Context& context, const std::string& project) {
    if (!context.arguments().positional().empty() || context.arguments().has("--template")) {
        throw Error(Code::usage, "--from stands alone: the manifest is written into that project",
                    "caisson init --from DIR");
    }
    require_no_platform(project);
    const auto found = projects::survey(project);
    boost::json::array sources;
    for (const auto& source : found.sources) {
        context.print(fmt::format("{}: {}, {}", source.path, source.title,
                                  counted(source.migrations, "migration")));
        for (const auto& line : source.evidence) {
            context.print("  " + context.dim(line));
        }
        if (source.programs > 0) {
            context.print(
                fmt::format("  {} in another language: run by their own tool, named by "
                            "ours",
                            counted(source.programs, "step")));
        }
        sources.push_back(boost::json::object{{"path", source.path},
                                              {"format", source.format},
                                              {"migrations", source.migrations},
                                              {"programs", source.programs}});
    }
    for (const auto& note : found.notes) {
        context.note(note);
    }
    context.print(fmt::format("{}, {} of them secret", counted(found.variables.size(), "variable"),
                              std::count_if(found.variables.begin(), found.variables.end(),
                                            [](const auto& one) { return one.is_secret; })));
    context.result()["sources"] = std::move(sources);
    Files files;
    for (const auto& file : projects::files_for(found)) {
        files.emplace_back(file.name, file.text);
    }
    return write_all(context, found.directory, files);
}

Exit run_init(Context& context) {
    if (const auto project = context.arguments().value("--from"); !project.empty()) {
        return init_from(context, project);
    }
    const fs::path target = fs::absolute(fs::path(context.arguments().value("--directory", ".")) /
                                         context.arguments().positional())
                                .lexically_normal();
    const auto base = target.has_filename() ? target.filename() : target.parent_path().filename();
    const auto name = lower(base.string());
    const auto from = context.arguments().value("--template");
    if (from.empty() && !is_platform_name(name)) {
        throw Error(Code::usage, fmt::format("\"{}\" cannot name a platform", name),
                    "use lower-case letters, digits, - and _, with a letter first, 40 at most");
    }
    require_no_platform(target);
    Files files;
    if (from.empty()) {
        const auto database = replace_all(name, "-", "_") + "_db";
        for (const auto& file : skeleton) {
            files.emplace_back(file.name,
                               replace_all(replace_all(std::string(file.text), "@NAME@", name),
                                           "@DATABASE@", database));
        }
    } else {
        const auto source = template_directory(from);
        for (const auto& entry : fs::recursive_directory_iterator(source)) {
            if (entry.is_regular_file()) {
                files.emplace_back(fs::relative(entry.path(), source), read_file(entry.path()));
            }
        }
    }
    return write_all(context, target, files);
}

}  // namespace

std::vector<Verb> init_verbs() {
    return {
        {"init",
         "writes a small platform that works, a copy of one of ours, or the manifest of a project",
         "The directory's name becomes the platform's. Nothing that exists is overwritten. With "
         "--from the project's migrations\nare found and stay where they are; its variables come "
         "from its .env files, without the values of secrets.",
         {{"--template", "NAME", "copy this platform, such as lumina", {}},
          {"--from", "DIR", "write the manifest of the project that is there already", {}}},
         "[DIR]",
         "  caisson init shop && caisson -C shop up\n  caisson init compliance --template lumina\n "
         " "
         "caisson init --from ../webshop && caisson -C ../webshop up",
         Needs::nothing,
         run_init}};
}

}  // namespace caisson::cli
