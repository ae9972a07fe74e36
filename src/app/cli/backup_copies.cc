// SPDX-License-Identifier: Apache-2.0
// What the verbs about backups share: which repositories are there, and which copies of a set.
#include <algorithm>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup.h"
#include "base/text.h"

namespace caisson::cli {
namespace {

/// Of several manifests of one id, the one that can be read and is as it was signed is the set's.
int soundness_of(const backups::Found& found) {
    if (!found.mistake.empty()) {
        return 0;
    }
    const bool is_as_signed = found.signature && backups::is_signed(*found.signature, found.json,
                                                                    {found.signature->public_key});
    return is_as_signed ? 2 : 1;
}

}  // namespace

std::vector<KnownSet> known_sets(const std::vector<backups::Repository>& repositories) {
    struct Copy {
        std::string repository;
        backups::Found found;
    };
    std::map<std::string, std::vector<Copy>> copies;
    for (const auto& repository : repositories) {
        for (auto& found : repository.sets()) {
            const auto id = found.set.id;
            copies[id].push_back({repository.name(), std::move(found)});
        }
    }
    std::vector<KnownSet> list;
    for (auto& [id, each] : copies) {
        // The first that is best stands for the set, and for its copies those that are the same.
        const auto best = *std::ranges::max_element(
            each, {}, [](const Copy& copy) { return soundness_of(copy.found); });
        KnownSet known{best.found, {}, {}};
        for (const auto& copy : each) {
            const bool is_same = copy.found.json == best.found.json &&
                                 (copy.found.mistake.empty() == best.found.mistake.empty());
            (is_same ? known.repositories : known.others).push_back(copy.repository);
        }
        list.push_back(std::move(known));
    }
    std::ranges::sort(list, {},
                      [](const KnownSet& each) { return backups::begin_of(each.found.set); });
    return list;
}

KnownSet the_set(const std::vector<backups::Repository>& repositories, const std::string& name,
                 bool is_logical) {
    auto sets = known_sets(repositories);
    if (name == "latest") {
        std::erase_if(sets, [&](const KnownSet& each) {
            return !each.found.mistake.empty() || (is_logical && each.found.set.is_physical());
        });
        if (sets.empty()) {
            throw Error(Code::backup_missing,
                        is_logical ? "there is no logical backup yet" : "there is no backup yet",
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

const backups::Repository& copy_named(const std::vector<backups::Repository>& repositories,
                                      const KnownSet& known, const std::string& name) {
    const auto& repository = repository_named(repositories, name);
    if (std::ranges::find(known.repositories, name) == known.repositories.end()) {
        throw Error(Code::backup_missing,
                    fmt::format("{} does not have {} as it was made", name, known.found.set.id),
                    fmt::format("it is in {}", join(known.repositories, ", ")));
    }
    return repository;
}

const backups::Repository& whole_copy(Context& context,
                                      const std::vector<backups::Repository>& repositories,
                                      const KnownSet& known, const std::string& name) {
    if (!name.empty() || known.repositories.size() == 1) {
        return copy_named(repositories, known, name.empty() ? known.repositories.front() : name);
    }
    std::string first;
    for (const auto& each : known.repositories) {
        const auto& repository = repository_named(repositories, each);
        const auto damages = backups::damage_of(repository, known.found.set);
        if (damages.empty()) {
            return repository;
        }
        const auto text = fmt::format("{} {}", damages.front().file, damages.front().what);
        context.note(fmt::format("note: the copy of {} in {} is damaged: {}", known.found.set.id,
                                 each, text));
        first = first.empty() ? text : first;
    }
    throw Error(Code::backup_damaged,
                fmt::format("no copy of {} is whole: {}", known.found.set.id, first),
                "caisson backup validate names the sets that are");
}

std::vector<backups::Repository> present_repositories(Context& context) {
    return present_repositories(context, context.run());
}

std::vector<backups::Repository> present_repositories(Context& context, const trust::Run& run) {
    std::vector<backups::Repository> present;
    std::vector<std::string> absent;
    for (auto& repository : backups::repositories_of(run)) {
        const auto absence = repository.absence();
        if (!absence) {
            present.push_back(std::move(repository));
        } else if (backups::is_expected(run, repository)) {
            absent.push_back(absence->text);
        } else if (!present.empty() || !absent.empty()) {
            context.note("note: " + absence->text);
        }
    }
    if (present.empty() && !absent.empty()) {
        throw Error(Code::state_unusable, join(absent, "; "),
                    "mount its disk, or give back the right to read it: whether there are backups "
                    "is not known");
    }
    for (const auto& each : absent) {
        context.note("note: " + each);
    }
    return present;
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
    boost::json::array others(known.others.begin(), known.others.end());
    if (!known.found.mistake.empty()) {
        return {{"set", set.id},
                {"mistake", known.found.mistake},
                {"repositories", std::move(where)},
                {"other_manifests", std::move(others)}};
    }
    return {{"set", set.id},
            {"kind", backups::name_of(set.kind)},
            {"started", set.started},
            {"finished", set.finished},
            {"bytes", set.bytes},
            {"stored_bytes", set.stored_bytes},
            {"prior", set.prior},
            {"encrypted", !set.key.empty()},
            {"repositories", std::move(where)},
            {"other_manifests", std::move(others)}};
}

}  // namespace caisson::cli
