// SPDX-License-Identifier: Apache-2.0
// What the verbs about backups share, and those that only look: backup list, show, validate.
#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/backup.h"
#include "app/cli/backup_physical.h"
#include "base/text.h"
#include "operations/backups/drill/receipt.h"
#include "operations/backups/physical/create.h"

namespace caisson::cli {
namespace {

std::string size_text(std::uint64_t bytes) { return bytes == 0 ? "" : human_bytes(bytes); }

/// When the newest drill that it passed ended; empty: it is unproven.
std::string proven_at(const std::vector<backups::Repository>& repositories, const KnownSet& known,
                      const std::vector<std::string>& keys) {
    std::string newest;
    for (const auto& repository : repositories) {
        const auto proofs = backups::proofs_of(repository, {known.found}, keys);
        for (const auto& [id, kept] : proofs) {
            newest = std::max(newest, kept.receipt.finished);
        }
    }
    return newest;
}

void print_row(Context& context, const KnownSet& known, const std::string& proof) {
    const auto& set = known.found.set;
    if (!known.found.mistake.empty()) {
        context.print(fmt::format("{:<36} {}", set.id,
                                  context.red("cannot be used: " + known.found.mistake)));
        return;
    }
    context.print(fmt::format(
        "{:<36} {:<21} {:>9} {:>9}  {:<11} {}", set.id, set.started.substr(0, 19) + "Z",
        size_text(set.bytes), size_text(set.stored_bytes),
        proof.empty() ? "unproven" : proof.substr(0, 10), join(known.repositories, ", ")));
}

Exit run_list(Context& context) {
    const auto repositories = present_repositories(context);
    const auto sets = known_sets(repositories);
    const auto keys = backups::trusted_keys(context.run());
    boost::json::array rows;
    if (sets.empty()) {
        context.print("there is no backup yet; caisson backup create makes one");
    } else {
        context.print(context.bold(fmt::format("{:<36} {:<21} {:>9} {:>9}  {:<11} {}", "set", "of",
                                               "data", "stored", "proven", "where")));
    }
    for (const auto& known : sets) {
        const auto proof = proven_at(repositories, known, keys);
        print_row(context, known, proof);
        auto row = to_json(known);
        row["proven"] = proof.empty() ? boost::json::value(nullptr) : boost::json::value(proof);
        rows.push_back(std::move(row));
    }
    context.result()["sets"] = std::move(rows);
    if (has_physical(context)) {
        std::vector<std::string> grave;
        for (const auto& sentence : continuity_of(context, grave)) {
            context.print(sentence);
        }
        for (const auto& fault : grave) {
            context.print(context.red("✗ ") + fault);
        }
        context.result()["gaps"] = boost::json::array(grave.begin(), grave.end());
    }
    return Exit::fine;
}

void print_tables(Context& context, const backups::Set& set) {
    for (const auto& table : set.tables) {
        context.print(
            fmt::format("  {:<48} {:>12} {:>9}{}",
                        fmt::format("{}.{}.{}", table.database, table.schema, table.table),
                        counted(table.rows, "row"), human_bytes(table.bytes),
                        table.is_sample ? "  sample" : ""));
    }
}

Exit run_show(Context& context) {
    const auto repositories = present_repositories(context);
    const auto known = the_set(repositories, context.arguments().positional("latest"));
    const auto& set = known.found.set;
    const auto row = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            context.print(fmt::format("  {:<12} {}", name, value));
        }
    };
    context.print(context.bold(set.id));
    row("kind", backups::name_of(set.kind));
    row("begun", set.started);
    row("finished", set.finished);
    row("server", fmt::format("PostgreSQL {}, system {}, timeline {}", set.server_version,
                              set.system_identifier, set.timeline));
    row("log", set.wal_start.empty() ? set.lsn_start
                                     : fmt::format("{} to {}, {} to {}", set.lsn_start,
                                                   set.lsn_stop, set.wal_start, set.wal_stop));
    row("builds on", set.prior);
    row("size",
        fmt::format("{}, {} stored", human_bytes(set.bytes), human_bytes(set.stored_bytes)));
    row("encrypted", set.key.empty() ? "no" : "with the key " + set.key);
    row("manifest", signature_text(context, known.found));
    const auto proof = proven_at(repositories, known, backups::trusted_keys(context.run()));
    row("proven", proof.empty() ? "no: caisson backup drill restores it and looks" : proof);
    row("where", join(known.repositories, ", "));
    for (const auto& origin : set.origins) {
        row("database",
            fmt::format("{}{}", origin.database,
                        origin.migration.empty() ? "" : ", migrated to " + origin.migration));
    }
    for (const auto& part : set.parts) {
        row("part",
            fmt::format("{} {}as of {}, {}", part.kind, part.name.empty() ? "" : part.name + " ",
                        part.at, human_bytes(part.bytes)));
    }
    print_tables(context, set);
    context.result() = to_json(known);
    context.result()["manifest"] = boost::json::parse(known.found.json);
    return Exit::fine;
}

/// One set in one repository: sentences about what is wrong.
std::vector<std::string> faults_of(Context& context, const backups::Repository& repository,
                                   const backups::Found& found, std::size_t& done,
                                   const Progress& bar) {
    if (!found.mistake.empty()) {
        return {found.mistake};
    }
    std::vector<std::string> faults;
    const auto signature = signature_text(context, found);
    if (signature.starts_with("altered")) {
        faults.push_back("its manifest was " + signature);
    }
    for (const auto& damage : backups::damage_of(repository, found.set, [&](std::uint64_t bytes) {
             done += bytes;
             const_cast<Progress&>(bar).show(done >> 10U, found.set.id);
         })) {
        faults.push_back(fmt::format("{} {}", damage.file, damage.what));
    }
    if (found.set.is_physical()) {
        for (const auto& damage :
             backups::physical::cluster_damage_of(context.run(), repository.name(), found.set)) {
            faults.push_back(fmt::format("{} {}", damage.file, damage.what));
        }
    }
    return faults;
}

Exit run_validate(Context& context) {
    const auto repositories = present_repositories(context);
    const auto wanted = context.arguments().positional();
    boost::json::array rows;
    std::size_t total = 0;
    for (const auto& known : known_sets(repositories)) {
        total += (known.found.set.stored_bytes * known.repositories.size()) >> 10U;
    }
    Progress bar(context, "reading", std::max<std::size_t>(total, 1));
    std::size_t done = 0;
    std::size_t bad = 0;
    std::map<std::string, std::string> newest;  // Of each repository: a set that is whole.
    for (const auto& repository : repositories) {
        for (const auto& found : repository.sets()) {
            if (!wanted.empty() && !found.set.id.starts_with(wanted)) {
                continue;
            }
            const auto faults = faults_of(context, repository, found, done, bar);
            bad += faults.empty() ? 0 : 1;
            if (faults.empty()) {
                newest[repository.name()] = found.set.id;
            }
            context.print(fmt::format("{} {:<36} {}",
                                      faults.empty() ? context.green("✓") : context.red("✗"),
                                      found.set.id, repository.name()));
            for (const auto& fault : faults) {
                context.print("    " + fault);
            }
            rows.push_back(
                boost::json::object{{"set", found.set.id},
                                    {"repository", repository.name()},
                                    {"whole", faults.empty()},
                                    {"signature", signature_text(context, found)},
                                    {"faults", boost::json::array(faults.begin(), faults.end())}});
        }
    }
    if (rows.empty() && !wanted.empty()) {
        throw Error(Code::backup_missing, fmt::format("there is no set {}", wanted));
    }
    if (has_physical(context)) {
        std::vector<std::string> grave;
        continuity_of(context, grave);
        bad += grave.size();
        for (const auto& fault : grave) {
            context.print(context.red("✗ ") + fault);
        }
    }
    boost::json::object whole;
    for (const auto& [repository, id] : newest) {
        if (bad > 0) {
            context.print(fmt::format("the newest whole set in {} is {}", repository, id));
        }
        whole[repository] = id;
    }
    if (rows.empty()) {
        context.print("there is no backup yet; caisson backup create makes one");
    }
    context.result() = {{"sets", std::move(rows)}, {"newest_whole", std::move(whole)}};
    return bad == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<KnownSet> known_sets(const std::vector<backups::Repository>& repositories) {
    std::map<std::string, KnownSet> sets;
    for (const auto& repository : repositories) {
        for (auto& found : repository.sets()) {
            auto& known = sets[found.set.id];
            known.repositories.push_back(repository.name());
            // A copy that can be read stands for one that cannot.
            if (known.found.json.empty() || !known.found.mistake.empty()) {
                known.found = std::move(found);
            }
        }
    }
    std::vector<KnownSet> list;
    for (auto& [id, known] : sets) {
        list.push_back(std::move(known));
    }
    return list;
}

KnownSet the_set(const std::vector<backups::Repository>& repositories, const std::string& name) {
    auto sets = known_sets(repositories);
    if (name == "latest") {
        std::erase_if(sets, [](const KnownSet& each) { return !each.found.mistake.empty(); });
        if (sets.empty()) {
            throw Error(Code::backup_missing, "there is no backup yet",
                        "caisson backup create makes one");
        }
        return std::move(sets.back());
    }
    std::erase_if(sets, [&](const KnownSet& each) { return !each.found.set.id.starts_with(name); });
    if (sets.size() != 1) {
        throw Error(Code::backup_missing,
                    sets.empty()
                        ? fmt::format("there is no set {}", name)
                        : fmt::format("{} begin with {}", counted(sets.size(), "set"), name),
                    "caisson backup list shows what there is");
    }
    return std::move(sets.front());
}

const backups::Repository& repository_named(const std::vector<backups::Repository>& repositories,
                                            const std::string& name) {
    const auto found = std::ranges::find(repositories, name, &backups::Repository::name);
    if (found == repositories.end()) {
        throw Error(Code::usage, fmt::format("there is no repository {} here", name));
    }
    return *found;
}

std::vector<backups::Repository> present_repositories(Context& context) {
    auto repositories = backups::repositories_of(context.run());
    std::erase_if(repositories, [&](const backups::Repository& repository) {
        if (!repository.is_there() && repository.name() != repositories.front().name()) {
            context.note(fmt::format("note: the repository {} is not there: {}", repository.name(),
                                     repository.path().string()));
            return true;
        }
        return false;
    });
    return repositories;
}

std::string signature_text(Context& context, const backups::Found& found) {
    if (!found.signature) {
        return "not signed";
    }
    if (!backups::is_signed(*found.signature, found.json, {found.signature->public_key})) {
        return "altered since it was signed";
    }
    return backups::is_signed(*found.signature, found.json, backups::trusted_keys(context.run()))
               ? "signed"
               : "signed by a key that is not known here";
}

boost::json::object to_json(const KnownSet& known) {
    const auto& set = known.found.set;
    boost::json::array where(known.repositories.begin(), known.repositories.end());
    if (!known.found.mistake.empty()) {
        return {{"set", set.id}, {"mistake", known.found.mistake}, {"repositories", where}};
    }
    return {{"set", set.id},
            {"kind", backups::name_of(set.kind)},
            {"started", set.started},
            {"finished", set.finished},
            {"bytes", set.bytes},
            {"stored_bytes", set.stored_bytes},
            {"prior", set.prior},
            {"encrypted", !set.key.empty()},
            {"repositories", std::move(where)}};
}

std::vector<Verb> backup_set_verbs() {
    const std::string about =
        "Sets are looked for in all repositories of [backups]; a copy counts as the same set.";
    return {
        {.name = "backup list",
         .summary = "the backups there are",
         .details = about,
         .options = {},
         .positional = "",
         .examples = "  caisson backup list\n  caisson backup list --json",
         .run = run_list},
        {.name = "backup show",
         .summary = "what a backup holds: parts, moments, tables, rows",
         .details = "SET is an id, its beginning, or `latest`.",
         .options = {},
         .positional = "[SET]",
         .examples = "  caisson backup show latest",
         .run = run_show},
        {.name = "backup validate",
         .summary = "whether backups are what they were: sizes, hashes, signatures",
         .details =
             "Reads every file and restores nothing. Exit status 7 when something is damaged; "
             "the newest set that is whole is named for each repository.",
         .options = {},
         .positional = "[SET]",
         .examples = "  caisson backup validate",
         .run = run_validate},
    };
}

}  // namespace caisson::cli
