// SPDX-License-Identifier: Apache-2.0
#include "app/cli/completion_report.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace caisson::cli {
namespace {

std::chrono::nanoseconds from_milliseconds(double milliseconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double, std::milli>(milliseconds));
}

/// "15/15": of the platform's own checks, or of the built-in ones.
std::string fraction(const checks::Report& report, bool built_in) {
    std::size_t run = 0;
    std::size_t holds = 0;
    for (const auto& verdict : report.verdicts) {
        if (verdict.built_in == built_in && verdict.outcome != checks::Outcome::skipped) {
            ++run;
            holds += verdict.outcome == checks::Outcome::holds ? 1 : 0;
        }
    }
    return fmt::format("{}/{}", holds, run);
}

/// A cell of a table must not end it.
std::string cell(std::string_view text) {
    return replace_all(replace_all(std::string(text), "|", "\\|"), "\n", " ");
}

std::string markdown_of(const DatabaseFacts& facts) {
    std::string text = fmt::format(
        "\n## Database {}\n\n| | |\n|---|---|\n| server | PostgreSQL {} |\n| identity | {} |\n| "
        "provisioned | {} |\n",
        facts.name, facts.server_version, facts.identity, facts.provisioned_at);
    std::vector<std::string> extensions;
    for (const auto& [name, version] : facts.extensions) {
        extensions.push_back(fmt::format("{} {}", name, version));
    }
    text += fmt::format("| extensions | {} |\n| roles | {} |\n", join(extensions, ", "),
                        join(facts.roles, ", "));
    text += fmt::format("| verification | **{}** checks of the platform, {} built in |\n",
                        fraction(facts.verification, false), fraction(facts.verification, true));
    text += "\n### Migrations\n\n| migration | applied | took | SHA-256 |\n|---|---|---:|---|\n";
    for (const auto& migration : facts.migrations) {
        text += fmt::format("| {} | {} | {} | `{}` |\n", cell(migration.title),
                            migration.applied_at, human(migration.took), migration.checksum);
    }
    text += "\n### Rows\n\n| table | rows |\n|---|---:|\n";
    for (const auto& [table, rows] : facts.tables) {
        text += fmt::format("| {} | {} |\n", cell(table), rows);
    }
    text += "\n### Seeds\n\n| file | rows | SHA-256 |\n|---|---:|---|\n";
    for (const auto& seed : facts.seeds) {
        text += fmt::format("| {} | {} | `{}` |\n", cell(seed.file), seed.rows, seed.checksum);
    }
    text += "\n### Verification\n\n| check | expected | found | |\n|---|---|---|---|\n";
    for (const auto& verdict : facts.verification.verdicts) {
        text += fmt::format("| {} | {} | {} | {} |\n", cell(verdict.name), cell(verdict.expected),
                            cell(verdict.found), checks::to_text(verdict.outcome));
    }
    return text;
}

}  // namespace

bool CompletionReport::holds() const {
    return std::all_of(databases.begin(), databases.end(),
                       [](const auto& database) { return database.verification.holds(); });
}

std::string to_markdown(const CompletionReport& report) {
    std::string text = fmt::format(
        "# {}: completion report\n\n**{}** in environment {}. Written {} by Caisson {}.\n\n",
        report.title, report.holds() ? "Everything holds" : "Not everything holds",
        report.environment, report.written_at, report.version);
    text += "| | |\n|---|---|\n";
    text += fmt::format("| platform | {} |\n| caisson.toml | `{}` |\n", report.platform,
                        report.manifest_checksum);
    for (const auto& [name, version] : report.servers) {
        text += fmt::format("| {} | {} |\n", name, version);
    }
    text += fmt::format("| API | {} |\n", report.address.empty() ? "does not run" : report.address);
    if (!report.steps.empty()) {
        double total = 0;
        text += "\n## Steps\n\n| step | result | took |\n|---|---|---:|\n";
        for (const auto& step : report.steps) {
            total += step.milliseconds;
            text += fmt::format("| {} | {} | {} |\n", step.name, cell(step.summary),
                                human(from_milliseconds(step.milliseconds)));
        }
        text += fmt::format("| **all** | | **{}** |\n", human(from_milliseconds(total)));
    }
    for (const auto& database : report.databases) {
        text += markdown_of(database);
    }
    return text;
}

boost::json::object to_json(const CompletionReport& report) {
    boost::json::object servers;
    for (const auto& [name, version] : report.servers) {
        servers[lower(name)] = version;
    }
    boost::json::array steps;
    for (const auto& step : report.steps) {
        steps.push_back(boost::json::object{
            {"step", step.name}, {"summary", step.summary}, {"milliseconds", step.milliseconds}});
    }
    boost::json::array databases;
    for (const auto& facts : report.databases) {
        boost::json::object extensions;
        for (const auto& [name, version] : facts.extensions) {
            extensions[name] = version;
        }
        boost::json::array migrations;
        for (const auto& migration : facts.migrations) {
            migrations.push_back(boost::json::object{{"migration", migration.title},
                                                     {"applied_at", migration.applied_at},
                                                     {"milliseconds", migration.took.count()},
                                                     {"checksum", migration.checksum}});
        }
        boost::json::array seeds;
        for (const auto& seed : facts.seeds) {
            seeds.push_back(boost::json::object{
                {"file", seed.file}, {"rows", seed.rows}, {"checksum", seed.checksum}});
        }
        boost::json::object tables;
        for (const auto& [table, rows] : facts.tables) {
            tables[table] = rows;
        }
        databases.push_back(boost::json::object{
            {"name", facts.name},
            {"server_version", facts.server_version},
            {"identity", facts.identity},
            {"provisioned_at", facts.provisioned_at},
            {"extensions", std::move(extensions)},
            {"roles", boost::json::array(facts.roles.begin(), facts.roles.end())},
            {"migrations", std::move(migrations)},
            {"seeds", std::move(seeds)},
            {"rows", std::move(tables)},
            {"checks", fraction(facts.verification, false)},
            {"built_in_checks", fraction(facts.verification, true)},
            {"verification", boost::json::parse(checks::to_json({facts.verification}))}});
    }
    return {{"title", report.title},
            {"platform", report.platform},
            {"environment", report.environment},
            {"written_at", report.written_at},
            {"version", report.version},
            {"manifest_checksum", report.manifest_checksum},
            {"address", report.address},
            {"servers", std::move(servers)},
            {"steps", std::move(steps)},
            {"databases", std::move(databases)},
            {"holds", report.holds()}};
}

fs::path last_run_file(const trust::Run& run) { return run.state.root / "last-up.json"; }

std::vector<StepFact> steps_from_json(const std::string& text) {
    std::vector<StepFact> steps;
    boost::system::error_code failure;
    const auto value = boost::json::parse(text, failure);
    if (failure || !value.is_array()) {
        return steps;  // A file cut off by a crash: the report does without it.
    }
    for (const auto& row : value.as_array()) {
        StepFact step;
        step.name = row.at("step").as_string().c_str();
        step.summary = row.at("summary").as_string().c_str();
        step.milliseconds = row.at("milliseconds").to_number<double>();
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace caisson::cli
