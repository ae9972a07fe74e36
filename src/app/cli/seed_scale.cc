// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "lifecycle/scale/scale.h"
#include "platform/values.h"
#include "trust/identity.h"

namespace caisson::cli {
namespace {

/// A database with the file that says what is made in it.
struct Part {
    platform::Database database;
    scale::File file;
};

std::vector<Part> parts_of(Context& context) {
    std::vector<Part> parts;
    for (const auto& database : context.databases()) {
        if (auto file = scale::load(context.run().manifest, database)) {
            parts.push_back({database, std::move(*file)});
        }
    }
    if (parts.empty()) {
        throw Error(Code::usage, "the platform has no seeds/scale.toml",
                    "write one: docs/reference/seed.md shows how");
    }
    return parts;
}

scale::Options options_of(Context& context) {
    const auto& arguments = context.arguments();
    scale::Options options;
    options.is_protected = context.run().environment.is_protected;
    if (arguments.has("--scale")) {
        const auto text = arguments.value("--scale");
        const auto factor = platform::parse_number(text);
        if (!factor) {
            throw Error(Code::usage, fmt::format("--scale is {}; expected 0.01 to 10", text));
        }
        options.factor = *factor;
    }
    if (arguments.has("--connections")) {
        const auto text = arguments.value("--connections");
        const auto count = platform::parse_integer(text);
        if (!count || *count < 1 || *count > 16) {
            throw Error(Code::usage, fmt::format("--connections is {}; expected 1 to 16", text));
        }
        options.connections = static_cast<std::size_t>(*count);
    }
    for (const auto& name : split(arguments.value("--table"), ',')) {
        options.tables.emplace_back(trim(name));
    }
    return options;
}

/// As `service`, which sees every row: seeds run as it, too.
pg::Connection connect(Context& context, const platform::Database& database) {
    return pg::Connection(trust::role_settings(context.run(), database, trust::Role::service));
}

boost::json::object plan_one(Context& context, const Part& part, const scale::Options& options) {
    auto connection = connect(context, part.database);
    trust::require_ours(connection, context.run(), part.database);
    const auto plan = scale::plan(connection, part.file, options);
    context.print(fmt::format("{:<32} {:>12} {:>12} {:>10} {:>10}",
                              context.bold(part.database.name), "rows", "to be made", "sent",
                              "stored"));
    boost::json::array tables;
    std::uint64_t sent = 0;
    std::uint64_t stored = 0;
    for (const auto& table : plan.tables) {
        context.print(fmt::format("  {:<30} {:>12} {:>12} {:>10} {:>10}", table.table, table.rows,
                                  table.rows - table.there, human_bytes(table.bytes_sent),
                                  human_bytes(table.bytes_stored)));
        sent += table.bytes_sent;
        stored += table.bytes_stored;
        tables.push_back(boost::json::object{
            {"table", table.table},
            {"rows", table.rows},
            {"there", table.there},
            {"bytes_sent", table.bytes_sent},
            {"bytes_stored", table.bytes_stored},
            {"columns", boost::json::array(table.columns.begin(), table.columns.end())},
            {"after", boost::json::array(table.after.begin(), table.after.end())}});
    }
    context.print(
        fmt::format("{} would be made: about {} to send, {} in tables and more in their "
                    "indexes",
                    counted(plan.missing(), "row"), human_bytes(sent), human_bytes(stored)));
    return {{"database", part.database.name}, {"plan", std::move(tables)}};
}

void print_report(Context& context, const scale::Report& report) {
    for (const auto& table : report.tables) {
        const double seconds = std::chrono::duration<double>(table.duration).count();
        context.print(table.made == 0
                          ? fmt::format("  {:<30} {:>12} as they were", table.table, table.rows)
                          : fmt::format("  {:<30} {:>12} made in {}, {:.0f}/s", table.table,
                                        table.made, human(table.duration),
                                        static_cast<double>(table.made) / std::max(seconds, 1e-3)));
        for (const auto& note : table.notes) {
            context.print("    " + note);
        }
    }
}

boost::json::array json_of(const scale::Report& report) {
    boost::json::array tables;
    for (const auto& table : report.tables) {
        tables.push_back(boost::json::object{
            {"table", table.table},
            {"rows", table.rows},
            {"made", table.made},
            {"bytes", table.bytes},
            {"milliseconds",
             std::chrono::duration_cast<std::chrono::milliseconds>(table.duration).count()},
            {"notes", boost::json::array(table.notes.begin(), table.notes.end())}});
    }
    return tables;
}

scale::Report make(Context& context, const Part& part, scale::Options options) {
    std::optional<pg::Connection> owner;
    options.owner = [&]() -> pg::Connection& {
        if (!owner) {
            owner.emplace(
                trust::role_settings(context.run(), part.database, trust::Role::migrator));
        }
        return *owner;
    };
    std::uint64_t missing = 0;
    {
        auto connection = connect(context, part.database);
        missing = scale::plan(connection, part.file, options).missing();
    }
    Progress bar(context, "scale", missing);
    std::uint64_t done = 0;
    options.made = [&](const std::string& table, std::uint64_t rows) {
        done += rows;
        bar.show(std::min(done, missing), table);
    };
    bar.show(0, part.database.name);
    return scale::apply([&] { return connect(context, part.database); }, part.file, options);
}

boost::json::object make_one(Context& context, const Part& part, const scale::Options& options) {
    const Stopwatch watch;
    scale::Report report;
    {
        auto connection = connect(context, part.database);
        trust::require_ours(connection, context.run(), part.database);
    }
    try {
        report = make(context, part, options);
    } catch (const Error& error) {
        if (error.code() != Code::usage) {
            tell_journal(context, part.database, journal::kinds::failure, "seed scale",
                         journal_detail(error));
        }
        throw;
    }
    const auto text =
        report.made() == 0
            ? std::string("nothing was missing")
            : fmt::format("{} made in {}", counted(report.made(), "row"), human(watch.elapsed()));
    if (report.made() > 0) {
        tell_journal(context, part.database, journal::kinds::finish, "seed scale",
                     {{"text", text}, {"factor", options.factor}, {"tables", json_of(report)}});
    }
    const bool several = context.databases().size() > 1;
    if (several) {
        context.print(context.bold(part.database.name));
    }
    print_report(context, report);
    context.print(several ? fmt::format("{}: {}", part.database.name, text) : text);
    return {{"database", part.database.name}, {"tables", json_of(report)}};
}

Exit run_scale(Context& context) {
    const auto options = options_of(context);
    scale::check(options);
    boost::json::array databases;
    for (const auto& part : parts_of(context)) {
        databases.push_back(context.dry_run() ? plan_one(context, part, options)
                                              : make_one(context, part, options));
    }
    context.result()["scale"] = std::move(databases);
    return Exit::fine;
}

}  // namespace

std::vector<Verb> seed_scale_verbs() {
    return {{"seed scale",
             "synthetic rows by the million, as seeds/scale.toml declares them",
             "Never in a protected environment. The same file, seed and factor give the same rows, "
             "to the byte. Cut off anywhere, the next run makes the rest.\n"
             "`caisson seed clear --set scale` takes them back.",
             {{"--scale", "FACTOR", "times the rows that the file says: 0.01 to 10", {}},
              {"--table", "NAMES", "only these, with commas between, and what they refer to", {}},
              {"--connections", "N", "tables that may go side by side (2)", {}}},
             "",
             "  caisson seed scale --dry-run\n  caisson seed scale --scale 0.01\n"
             "  caisson seed scale --table businesses",
             Needs::platform,
             run_scale}};
}

}  // namespace caisson::cli
