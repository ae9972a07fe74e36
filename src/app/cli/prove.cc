// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "app/cli/context.h"
#include "app/cli/differences.h"
#include "app/cli/journaling.h"
#include "app/cli/migrate.h"
#include "base/files.h"
#include "base/text.h"
#include "lifecycle/proof/proof.h"

namespace caisson::cli {
namespace {

double milliseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

boost::json::array texts(const std::vector<std::string>& list) {
    return boost::json::array(list.begin(), list.end());
}

std::string_view name_of(proof::Severity severity) {
    return severity == proof::Severity::error ? "error" : "warning";
}

boost::json::object json_of(const proof::FileProof& file) {
    return {{"source", file.source},
            {"version", file.version},
            {"name", file.name},
            {"file", file.file},
            {"checksum", file.checksum},
            {"down_checksum", file.down_checksum},
            {"outcome", proof::name_of(file.outcome)},
            {"reason", file.reason},
            {"before", file.before},
            {"after", file.after},
            {"restored", file.restored},
            {"again", file.again},
            {"up_milliseconds", milliseconds(file.up)},
            {"down_milliseconds", milliseconds(file.down)},
            {"tables_compared", file.tables_compared},
            {"rows_compared", file.rows_compared},
            {"rows_made", file.rows_made},
            {"tables_without_rows", texts(file.tables_without_rows)},
            {"tables_written", texts(file.tables_written)}};
}

boost::json::object json_of(const proof::Finding& finding) {
    return {{"id", finding.id},
            {"severity", name_of(finding.severity)},
            {"place", finding.place.text()},
            {"message", finding.message},
            {"hint", finding.hint},
            {"differences", cli::json_of(finding.differences)}};
}

boost::json::object json_of(const proof::Proof& proof) {
    boost::json::array files;
    for (const auto& file : proof.files) {
        files.push_back(json_of(file));
    }
    boost::json::array findings;
    for (const auto& finding : proof.findings) {
        findings.push_back(json_of(finding));
    }
    boost::json::object document{{"database", proof.database},
                                 {"shadow", proof.shadow},
                                 {"server_version", proof.server_version},
                                 {"started_at", proof.started_at},
                                 {"milliseconds", milliseconds(proof.duration)},
                                 {"structure", proof.structure},
                                 {"holds", proof.holds()},
                                 {"files", std::move(files)},
                                 {"findings", std::move(findings)},
                                 {"notes", texts(proof.notes)}};
    if (proof.seeds) {
        document["seeds"] = boost::json::object{{"files", proof.seeds->files},
                                                {"rows", proof.seeds->rows},
                                                {"holds", proof.seeds->holds}};
    }
    return document;
}

/// What was looked at of one file, in a few words.
std::string remark_of(const proof::FileProof& file) {
    if (!file.reason.empty()) {
        return file.reason;
    }
    if (file.restored.empty()) {
        return {};
    }
    auto text = fmt::format("up {}, down {}", human(file.up), human(file.down));
    if (file.tables_compared > 0) {
        text += fmt::format(", {} of {} kept", counted(file.rows_compared, "row"),
                            counted(file.tables_compared, "table"));
    }
    return text;
}

void print_finding(Context& context, const proof::Finding& finding) {
    const bool is_error = finding.severity == proof::Severity::error;
    const auto word = is_error ? context.red("error") : context.yellow("warning");
    const auto place = finding.place.text();
    context.print(fmt::format("  {} {}{}: {}", word, finding.id, place.empty() ? "" : " " + place,
                              finding.message));
    print_differences(context, finding.differences, "    ");
    if (!finding.hint.empty()) {
        context.print("    → " + finding.hint);
    }
}

std::string summary_of(const proof::Proof& proof) {
    std::vector<std::string> parts;
    for (const auto outcome :
         {proof::Outcome::proven, proof::Outcome::irreversible, proof::Outcome::not_reverted,
          proof::Outcome::failed, proof::Outcome::skipped, proof::Outcome::not_reached}) {
        if (const auto count = proof.count(outcome)) {
            parts.push_back(fmt::format("{} {}", count, proof::name_of(outcome)));
        }
    }
    if (proof.seeds && proof.seeds->holds) {
        parts.push_back(
            fmt::format("{} twice: nothing written the second time",
                        counted(proof.seeds->files, "file of seeds", "files of seeds")));
    }
    return parts.empty() ? "no migrations" : join(parts, ", ");
}

void print_proof(Context& context, const proof::Proof& proof) {
    context.print(context.bold(proof.database) + context.dim(" on " + proof.shadow));
    for (const auto& note : proof.notes) {
        context.print("  note: " + note);
    }
    for (const auto& file : proof.files) {
        context.print(fmt::format("  {:<12} {:<40} {}", proof::name_of(file.outcome),
                                  file.name.empty() ? file.version : file.version + "_" + file.name,
                                  context.dim(remark_of(file))));
    }
    for (const auto& finding : proof.findings) {
        print_finding(context, finding);
    }
    context.print(fmt::format("  {}  {}", summary_of(proof), context.dim(human(proof.duration))));
}

migrations::Features features_of(Context& context) {
    auto features = context.run().manifest.features;
    if (context.arguments().has("--features")) {
        for (auto& [name, on] : features) {
            on = true;
        }
    }
    return features;
}

proof::Proof prove_one(Context& context, const platform::Database& database) {
    const auto& run = context.run();
    proof::Request request;
    request.database = database.name;
    request.features = features_of(context);
    request.sources = database.migrations;
    request.files = sources::load(database.migrations, run.manifest.features);
    request.seeds_protected = run.environment.is_protected;
    request.seeds =
        seeds::load(run.manifest, database, seeds::default_sets(request.seeds_protected));
    request.from = context.arguments().value("--from");
    request.rules = run.manifest.migrations;
    request.root = run.manifest.directory;
    request.allow_programs = context.arguments().has("--allow-programs");
    std::optional<Progress> bar;
    proof::Options options;
    options.open = [&] {
        shadow::Options how;
        how.step = [&](const std::string& step) { context.busy(step); };
        return shadow::open(run, database, catalogue_steps(), how);
    };
    options.on_file = [&](const migrations::Migration& file, std::size_t number,
                          std::size_t total) {
        if (!bar) {
            bar.emplace(context, "prove", total);
        }
        bar->show(number - 1, file.title());
    };
    return proof::prove(request, options);
}

Exit run_prove(Context& context) {
    const auto& arguments = context.arguments();
    const auto databases = arguments.has("--from")
                               ? std::vector<platform::Database>{context.one_database()}
                               : context.databases();
    boost::json::array rows;
    bool holds = true;
    for (const auto& database : databases) {
        if (context.dry_run()) {
            const auto files = sources::load(database.migrations, context.run().manifest.features);
            context.print(fmt::format("would prove {} of {}", counted(files.size(), "migration"),
                                      database.name));
            rows.push_back(
                boost::json::object{{"database", database.name}, {"migrations", files.size()}});
            continue;
        }
        const auto proof = prove_one(context, database);
        print_proof(context, proof);
        holds = holds && proof.holds() && (!arguments.has("--strict") || proof.findings.empty());
        keep_proof(context, database, "migrations", json_of(proof));
        rows.push_back(json_of(proof));
    }
    context.result() = {{"databases", std::move(rows)}};
    if (context.dry_run()) {
        return Exit::fine;
    }
    context.result()["holds"] = holds;
    if (const auto output = arguments.value("--output"); !output.empty()) {
        write_file(output, boost::json::serialize(context.result()) + "\n");
        context.print(fmt::format("written to {}", output));
    }
    return holds ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> prove_verbs() {
    return {
        {"migrate prove",
         "tries every migration on a shadow: up, down, and up again",
         "The down must lead back to the very structure, the second up to the same one, rows of "
         "other tables must survive, and\n"
         "seeds applied twice must write nothing the second time. Nothing real is touched: the "
         "shadow is a server of its own, or\n"
         "the empty database that the environment names. Exit status 7 when something does not "
         "hold.",
         {{"--from", "VERSION", "apply the files before this version without trying them", {}},
          {"--features", "all", "try also the files whose feature is off", {"all"}},
          {"--strict", "", "warnings, such as a file without a way back, count as well", {}},
          {"--output", "FILE", "keep the proof as a JSON document", {}},
          programs_option()},
         "",
         "  caisson migrate prove\n  caisson migrate prove --from 012\n  caisson migrate prove "
         "--features all --output proof.json",
         Needs::platform,
         run_prove},
    };
}

}  // namespace caisson::cli
