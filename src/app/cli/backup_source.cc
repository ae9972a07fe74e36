// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/cli/backup_restore.h"
#include "base/text.h"
#include "platform/state.h"

namespace caisson::cli {
namespace {

/// The run as it would be in another environment.
trust::Run run_in(const trust::Run& run, const std::string& environment) {
    auto other = run;
    other.environment = run.manifest.environment(environment);
    other.state =
        platform::state_of(run.manifest, other.environment, run.variables, run.account.has_value());
    return other;
}

std::optional<SealingKey> key_for(const trust::Run& run, const backups::Set& set) {
    if (set.key.empty()) {
        return std::nullopt;
    }
    if (const auto given = run.variables.find("CAISSON_BACKUP_KEY");
        given != run.variables.end() && !given->second.empty()) {
        return SealingKey::of(Secret(given->second));
    }
    return backups::key_of(run, set);
}

/// Why the manifest is not to be believed as it is; empty when it may be.
std::string doubt_about(Context& context, const trust::Run& run, const backups::Found& found) {
    if (!found.signature) {
        return "is not signed";
    }
    auto keys = backups::trusted_keys(run);
    if (context.arguments().has("--public-key")) {
        const auto given = context.arguments().value("--public-key");
        for (auto& key : public_keys_of(given.size() == 64 ? given : read_file(given))) {
            keys.push_back(std::move(key));
        }
    }
    if (!backups::is_signed(*found.signature, found.json, keys)) {
        return fmt::format("is signed by a key that is not known here ({})",
                           key_id(found.signature->public_key));
    }
    if (run.manifest.backups.encrypt && found.set.key.empty()) {
        return "is not encrypted, where backups are to be";
    }
    return {};
}

void require_believable(Context& context, const trust::Run& run, const backups::Found& found) {
    const auto& set = found.set;
    if (!found.mistake.empty()) {
        throw Error(Code::backup_damaged, fmt::format("{}: {}", set.id, found.mistake));
    }
    if (found.signature &&
        !backups::is_signed(*found.signature, found.json, {found.signature->public_key})) {
        throw Error(Code::backup_damaged,
                    fmt::format("the manifest of {} was altered since it was signed", set.id));
    }
    if (set.platform != run.manifest.name) {
        throw Error(Code::identity_mismatch, fmt::format("{} is of the platform {}; expected {}",
                                                         set.id, set.platform, run.manifest.name));
    }
    if (set.is_physical() && context.arguments().verb->name != "backup drill") {
        throw Error(Code::usage,
                    fmt::format("{} is of a whole server; expected a logical set", set.id),
                    "caisson backup list shows which sets are logical");
    }
    const bool has_open_file = !set.is_physical() && !set.key.empty() &&
                               std::ranges::any_of(set.files, [](const backups::StoredFile& file) {
                                   return !file.name.ends_with(".sealed");
                               });
    if (has_open_file) {
        throw Error(Code::backup_damaged,
                    fmt::format("{} is encrypted, and one of its files is not", set.id));
    }
    const auto doubt = doubt_about(context, run, found);
    if (!doubt.empty() && !context.arguments().has("--unsigned")) {
        throw Error(Code::confirmation_needed, fmt::format("{} {}", set.id, doubt),
                    "a backup is SQL that runs as a superuser: give the key that signed it as "
                    "--public-key, or, where you know who made it, --unsigned");
    }
    if (!doubt.empty()) {
        context.note(fmt::format("note: {} {}", set.id, doubt));
    }
}

/// Errors: backup_missing when there is no manifest of a set.
std::string id_in(const fs::path& directory) {
    const auto text = read_own(directory / "set.json");
    boost::system::error_code failure;
    const auto manifest = text ? boost::json::parse(*text, failure) : boost::json::value();
    const auto* const object = manifest.if_object();
    const auto* const id = object ? object->if_contains("id") : nullptr;
    if (!id || !id->is_string() || !backups::is_id(id->get_string().c_str())) {
        throw Error(Code::backup_missing,
                    fmt::format("{} is no set; expected a directory with its set.json, such as "
                                "…/sets/20261126T210633Z-logical-5f3a",
                                directory.string()));
    }
    return id->get_string().c_str();
}

/// Of whole servers is only what a drill looks at.
bool takes_logical(Context& context) { return context.arguments().verb->name == "up"; }

/// Where the newest is looked for: in the repository that was named.
std::vector<backups::Repository> candidates_of(
    Context& context, const std::vector<backups::Repository>& repositories) {
    const auto wanted = context.arguments().value("--repository");
    return wanted.empty() ? repositories : std::vector{repository_named(repositories, wanted)};
}

SetSource in_directory(Context& context, const std::string& text) {
    const auto& run = context.run();
    const fs::path path = fs::absolute(text).lexically_normal();
    const auto directory = path.has_filename() ? path : path.parent_path();
    const auto id = id_in(directory);
    // A copy on another medium lies under any name: here it gets the one that is its own.
    backups::prepare_state(run);
    auto place = std::make_shared<RecoveryPlace>(run.state.root.parent_path(), "a look at a set");
    make_directory(place->directory() / "sets", 0700);
    fs::create_directory_symlink(directory, place->directory() / "sets" / id);
    backups::Repository repository("directory", place->directory());
    auto found = repository.find(id);
    require_believable(context, run, *found);
    return {repository, *found, key_for(run, found->set),
            found->set.environment != run.environment.name, std::move(place)};
}

}  // namespace

SetSource set_source(Context& context, const std::string& text) {
    if (text.find('/') != std::string::npos) {
        return in_directory(context, text);
    }
    const auto colon = text.find(':');
    const auto run =
        colon == std::string::npos ? context.run() : run_in(context.run(), text.substr(0, colon));
    const auto repositories = present_repositories(context, run);
    const auto name = colon == std::string::npos ? text : text.substr(colon + 1);
    const auto known = the_set(candidates_of(context, repositories), name, takes_logical(context));
    require_believable(context, run, known.found);
    const auto wanted = context.arguments().value("--repository");
    // What a drill finds damaged is its finding; a restore takes the next copy.
    const bool takes_any =
        context.arguments().verb->name == "backup drill" || known.found.set.is_physical();
    const auto& repository =
        takes_any
            ? copy_named(repositories, known, wanted.empty() ? known.repositories.front() : wanted)
            : whole_copy(context, repositories, known, wanted);
    return {repository, known.found, key_for(run, known.found.set),
            known.found.set.environment != context.run().environment.name};
}

void require_right_key(const SetSource& source) {
    const auto& set = source.found.set;
    // pgBackRest's passphrase is in its configuration, and has no name.
    if (!set.is_physical() && source.sealing && source.sealing->id() != set.key) {
        throw Error(Code::backup_key,
                    fmt::format("another key sealed {}; expected the one whose name is {}", set.id,
                                set.key))
            .with("key_given", source.sealing->id());
    }
}

std::vector<Option> source_options() {
    return {{"--repository", "NAME", "the copy in this repository", {}},
            {"--public-key",
             "KEY",
             "a key that may have signed: 64 hexadecimal digits, or a file with keys",
             {}},
            {"--unsigned", "", "believe a set whose signature is missing or not known here", {}}};
}

}  // namespace caisson::cli
