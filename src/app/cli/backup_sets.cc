// SPDX-License-Identifier: Apache-2.0
// The verbs about backups that only look: backup list, show, validate.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "app/cli/backup.h"
#include "app/cli/backup_continuity.h"
#include "app/cli/backup_physical.h"
#include "base/text.h"
#include "operations/backups/drill/receipt.h"
#include "operations/backups/physical/create.h"
#include "operations/backups/physical/restore.h"

namespace caisson::cli {
namespace {

std::string size_text(std::uint64_t bytes) { return bytes == 0 ? "" : human_bytes(bytes); }

/// A drill that it passed.
struct Proof {
    std::string repository;
    std::string finished;
    bool is_small = false;
};

/// Of each repository's copy the drill that says most.
std::vector<Proof> proofs_of(const std::vector<backups::Repository>& repositories,
                             const KnownSet& known, const std::vector<std::string>& keys) {
    std::vector<Proof> proofs;
    for (const auto& repository : repositories) {
        if (std::ranges::find(known.repositories, repository.name()) == known.repositories.end()) {
            continue;
        }
        for (const auto& [id, kept] : backups::proofs_of(repository, {known.found}, keys)) {
            proofs.push_back({repository.name(), kept.receipt.finished, kept.receipt.is_small});
        }
    }
    return proofs;
}

/// What is to be shown of several: a full drill, and then the newest.
const Proof* best_of(const std::vector<Proof>& proofs) {
    const auto best = std::ranges::max_element(
        proofs, {}, [](const Proof& proof) { return std::pair(!proof.is_small, proof.finished); });
    return best == proofs.end() ? nullptr : &*best;
}

std::string proof_text(const std::vector<Proof>& proofs) {
    const auto* const best = best_of(proofs);
    return best ? best->finished.substr(0, 10) + (best->is_small ? " small" : "") : "unproven";
}

/// The repositories, and which of several copies no drill has read.
std::string places_text(const KnownSet& known, const std::vector<Proof>& proofs) {
    std::vector<std::string> places;
    for (const auto& repository : known.repositories) {
        const bool is_proven =
            std::ranges::find(proofs, repository, &Proof::repository) != proofs.end();
        places.push_back(repository + (proofs.empty() || is_proven ? "" : " (unproven)"));
    }
    for (const auto& repository : known.others) {
        places.push_back(repository + " (another manifest)");
    }
    return join(places, ", ");
}

void print_row(Context& context, const KnownSet& known, const std::vector<Proof>& proofs) {
    const auto& set = known.found.set;
    if (!known.found.mistake.empty()) {
        context.print(fmt::format("{:<36} {}", set.id,
                                  context.red("cannot be used: " + known.found.mistake)));
        return;
    }
    const bool is_altered = signature_text(context, known.found).starts_with("altered");
    context.print(fmt::format("{:<36} {:<21} {:>9} {:>9}  {:<16} {}{}", set.id,
                              set.started.substr(0, 19) + "Z", size_text(set.bytes),
                              size_text(set.stored_bytes), proof_text(proofs),
                              places_text(known, proofs),
                              is_altered ? context.red("  altered since it was signed") : ""));
}

boost::json::array to_json(const std::vector<Proof>& proofs) {
    boost::json::array array;
    for (const auto& proof : proofs) {
        array.push_back(boost::json::object{{"repository", proof.repository},
                                            {"finished", proof.finished},
                                            {"small", proof.is_small}});
    }
    return array;
}

Exit run_list(Context& context) {
    const auto repositories = present_repositories(context);
    const auto sets = known_sets(repositories);
    const auto keys = backups::trusted_keys(context.run());
    boost::json::array rows;
    if (sets.empty()) {
        context.print("there is no backup yet; caisson backup create makes one");
    } else {
        context.print(context.bold(fmt::format("{:<36} {:<21} {:>9} {:>9}  {:<16} {}", "set", "of",
                                               "data", "stored", "proven", "where")));
    }
    for (const auto& known : sets) {
        const auto proofs = proofs_of(repositories, known, keys);
        print_row(context, known, proofs);
        auto row = to_json(known);
        const auto* const best = best_of(proofs);
        row["proven"] = best ? boost::json::value(best->finished) : boost::json::value(nullptr);
        row["proofs"] = to_json(proofs);
        rows.push_back(std::move(row));
    }
    context.result()["sets"] = std::move(rows);
    if (has_physical(context)) {
        auto found = continuity_of(context);
        for (const auto& sentence : found.sentences) {
            context.print(sentence);
        }
        for (const auto& fault : found.grave) {
            context.print(context.red("✗ ") + fault);
        }
        context.result()["windows"] = std::move(found.windows);
        context.result()["gaps"] = boost::json::array(found.grave.begin(), found.grave.end());
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
    if (!known.found.mistake.empty()) {
        throw Error(Code::backup_damaged,
                    fmt::format("{} cannot be used: {}", set.id, known.found.mistake),
                    "caisson backup validate looks at the others")
            .with("set", set.id);
    }
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
    const auto proofs = proofs_of(repositories, known, backups::trusted_keys(context.run()));
    for (const auto& proof : proofs) {
        row("proven", fmt::format("{} in {}{}", proof.finished, proof.repository,
                                  proof.is_small ? ", by a small drill" : ""));
    }
    if (proofs.empty()) {
        row("proven", "no: caisson backup drill restores it and looks");
    }
    row("where", places_text(known, proofs));
    for (const auto& note : set.notes) {
        row("note", note);
    }
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

/// A set that nobody known signed is a fault where a key is known: all that is made here is signed.
std::optional<std::string> signature_fault(Context& context, const backups::Found& found) {
    const auto signature = signature_text(context, found);
    if (signature.starts_with("altered")) {
        return "its manifest was " + signature;
    }
    if (signature != "signed" && !backups::trusted_keys(context.run()).empty()) {
        return "its manifest is " + signature;
    }
    return std::nullopt;
}

/// One set in one repository: sentences about what is wrong. `read` is told of bytes.
std::vector<std::string> faults_of(Context& context, const backups::Repository& repository,
                                   const backups::Found& found,
                                   const std::function<void(std::uint64_t)>& read) {
    if (!found.mistake.empty()) {
        return {found.mistake};
    }
    std::vector<std::string> faults;
    if (const auto fault = signature_fault(context, found)) {
        faults.push_back(*fault);
    }
    for (const auto& damage : backups::damage_of(repository, found.set, read)) {
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

/// Repositories that should be there and are not. Their number.
std::size_t tell_absent(Context& context, boost::json::array& rows) {
    std::size_t count = 0;
    for (const auto& repository : backups::repositories_of(context.run())) {
        const auto absence = repository.absence();
        if (absence && backups::is_expected(context.run(), repository)) {
            ++count;
            context.print(fmt::format("{} {}", context.red("✗"), absence->text));
            rows.push_back(boost::json::object{
                {"repository", repository.name()},
                {"whole", false},
                {"faults", boost::json::array{boost::json::value(absence->text)}}});
        }
    }
    return count;
}

/// Segments of the archived log whose contents are not what they were: a sentence each.
std::vector<std::string> segment_faults(Context& context, const backups::Repository& repository,
                                        backups::physical::Unusable& unusable) {
    std::set<std::string> systems;
    for (const auto& found : repository.sets()) {
        if (found.mistake.empty() && found.set.is_physical()) {
            systems.insert(found.set.system_identifier);
        }
    }
    std::vector<std::string> faults;
    for (const auto& system : systems) {
        try {
            for (const auto& damage :
                 backups::physical::archive_damage_of(context.run(), repository.name(), system)) {
                constexpr std::size_t digits = 24;
                const auto name = fs::path(damage.file).filename().string().substr(0, digits);
                // Files of the sets were read already.
                if (backups::physical::parse_segment(name)) {
                    unusable[repository.name()].insert(name);
                    faults.push_back(
                        fmt::format("{}: the segment {} {}", repository.name(), name, damage.what));
                }
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            faults.push_back(fmt::format("{}: the archive cannot be read: {}", repository.name(),
                                         error.message()));
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
        total +=
            (known.found.set.stored_bytes * (known.repositories.size() + known.others.size())) >>
            10U;
    }
    Progress bar(context, "reading", std::max<std::size_t>(total, 1));
    std::size_t done = 0;
    std::size_t bad = 0;
    std::map<std::string, std::string> newest;  // Of each repository: a set that is whole.
    backups::physical::Unusable unusable;
    for (const auto& repository : repositories) {
        for (const auto& found : repository.sets()) {
            if (!wanted.empty() && !found.set.id.starts_with(wanted)) {
                continue;
            }
            const auto faults = faults_of(context, repository, found, [&](std::uint64_t bytes) {
                done += bytes;
                bar.show(done >> 10U, found.set.id);
            });
            bad += faults.empty() ? 0 : 1;
            if (faults.empty()) {
                newest[repository.name()] = found.set.id;
            } else {
                unusable[repository.name()].insert(found.set.id);
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
    boost::json::array log_faults;
    std::string left;
    const bool has_sets = !rows.empty();
    if (!has_sets && !wanted.empty()) {
        throw Error(Code::backup_missing, fmt::format("there is no set {}", wanted));
    }
    if (has_physical(context)) {
        auto grave = continuity_of(context).grave;
        for (const auto& repository : repositories) {
            if (wanted.empty()) {
                context.busy("reading the archived log of " + repository.name());
                std::ranges::move(segment_faults(context, repository, unusable),
                                  std::back_inserter(grave));
            }
        }
        bad += grave.size();
        for (const auto& fault : grave) {
            context.print(context.red("✗ ") + fault);
        }
        log_faults = boost::json::array(grave.begin(), grave.end());
        if (bad > 0) {
            left = backups::physical::unaffected(context.run(), unusable, "");
        }
    }
    bad += tell_absent(context, rows);
    boost::json::object whole;
    for (const auto& [repository, id] : newest) {
        if (bad > 0) {
            context.print(fmt::format("the newest whole set in {} is {}", repository, id));
        }
        whole[repository] = id;
    }
    if (!left.empty()) {
        context.print(left);
    }
    if (!has_sets) {
        context.print("there is no backup yet; caisson backup create makes one");
    }
    context.result() = {{"sets", std::move(rows)},
                        {"newest_whole", std::move(whole)},
                        {"log_faults", std::move(log_faults)},
                        {"unaffected", left}};
    return bad == 0 ? Exit::fine : Exit::findings;
}

}  // namespace

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
             "Reads every file of every set and of the archived log, and restores nothing. Exit "
             "status 7 when something is damaged; the newest set that is whole is named for each "
             "repository, and the newest moment that nothing damaged stands before. With SET the "
             "log is looked at for gaps only.",
         .options = {},
         .positional = "[SET]",
         .examples = "  caisson backup validate",
         .run = run_validate},
    };
}

}  // namespace caisson::cli
