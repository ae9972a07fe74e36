// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/keys.h"

#include <cerrno>
#include <map>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/text.h"
#include "trust/journal/keys.h"

namespace caisson::backups {
namespace {

std::string resolved(const trust::Run& run, const std::string& text, const Place& place) {
    return platform::resolved(run.manifest, run.environment, text, place, run.variables).reveal();
}

fs::path key_file(const trust::Run& run) { return run.state.backups() / "key"; }

fs::path signers_file(const trust::Run& run) { return run.state.backups() / "signers"; }

fs::path made_file(const trust::Run& run) { return run.state.backups() / "repositories.json"; }

std::optional<Passphrase> variable_passphrase(const trust::Run& run) {
    const auto& backups = run.manifest.backups;
    if (backups.key.empty()) {
        return std::nullopt;
    }
    return Passphrase{
        Secret(resolved(run, backups.key, backups.repositories.front().place)), false, {}};
}

std::optional<Passphrase> file_passphrase(const trust::Run& run) {
    const auto text = read_own(key_file(run));
    return text ? std::optional(Passphrase{Secret(std::string(trim(*text))), false, key_file(run)})
                : std::nullopt;
}

std::optional<Passphrase> given_passphrase(const trust::Run& run) {
    auto given = variable_passphrase(run);
    return given ? given : file_passphrase(run);
}

[[noreturn]] void missing_key(const trust::Run& run) {
    throw Error(Code::backup_key,
                fmt::format("there is no key at {}, where backups were to be encrypted with one",
                            key_file(run).string()),
                "put the copy that was kept elsewhere there, or name its variable as "
                "backups.key in caisson.toml");
}

/// A key that was made in the place of a lost one would hide that it is lost. Errors: backup_key.
void require_no_lost_key(const trust::Run& run) {
    for (const auto& repository : repositories_of(run)) {
        for (const auto& found : repository.is_there() ? repository.sets() : std::vector<Found>()) {
            if (found.mistake.empty() && !found.set.key.empty()) {
                throw Error(Code::backup_key,
                            fmt::format("there is no key at {}, and {} in {} is encrypted with one",
                                        key_file(run).string(), found.set.id, repository.name()),
                            found.set.is_physical()
                                ? "put its copy there; while pgbackrest.conf is in the state "
                                  "directory, repo1-cipher-pass in it is the same"
                                : "put its copy there; caisson backup create --new-key begins with "
                                  "another one");
            }
        }
    }
}

/// Gives the text the name of the key, whole and on the disk, unless that name is taken: what was
/// sealed with a key that was replaced could never be opened.
bool take_name(const trust::Run& run, const Secret& text) {
    const auto path = key_file(run);
    const fs::path fresh = path.string() + "." + random_uuid().substr(0, 8) + ".new";
    write_file(fresh, text.reveal() + "\n", 0600, owner_of(run));
    const bool is_taken = ::link(fresh.c_str(), path.c_str()) != 0;
    const int error_number = errno;
    ::unlink(fresh.c_str());
    if (is_taken && error_number != EEXIST) {
        throw_file_error("make", path, error_number);
    }
    const Descriptor directory(
        ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.value < 0 || ::fsync(directory.value) != 0) {
        throw_file_error("flush", path.parent_path(), errno);
    }
    return !is_taken;
}

/// Name to path of the repositories that were made here.
std::map<std::string, std::string> made_repositories(const trust::Run& run) {
    const auto text = read_own(made_file(run));
    try {
        return text ? boost::json::value_to<std::map<std::string, std::string>>(
                          boost::json::parse(*text))
                    : std::map<std::string, std::string>{};
    } catch (const std::exception&) {
        throw Error(Code::state_unusable,
                    fmt::format("{} cannot be read as the repositories that were made here",
                                made_file(run).string()),
                    "remove it: the next backup writes it anew");
    }
}

}  // namespace

void prepare_state(const trust::Run& run) {
    const auto home = run.state.backups().parent_path();
    std::error_code ignored;
    // Root made it, perhaps, and others only work below it.
    if (!fs::is_directory(home, ignored)) {
        make_directory(home, 0711);
    }
    make_directory(run.state.backups(), 0700, owner_of(run));
}

std::optional<Account> owner_of(const trust::Run& run) {
    return run.is_private() ? run.account : std::nullopt;
}

std::optional<Passphrase> ensure_passphrase(const trust::Run& run, bool anew) {
    if (!run.manifest.backups.encrypt) {
        return std::nullopt;
    }
    if (auto given = given_passphrase(run)) {
        return given;
    }
    if (!anew) {
        require_no_lost_key(run);
    }
    prepare_state(run);
    const auto text = SealingKey::make_text();
    if (!take_name(run, text)) {
        return given_passphrase(run);
    }
    return Passphrase{text, true, key_file(run)};
}

std::string note_of_new_key(const Passphrase& passphrase) {
    return fmt::format(
        "backups are encrypted with the key in {}; keep a copy of it on another machine: without "
        "it nothing can be restored",
        passphrase.file.string());
}

std::optional<Passphrase> find_passphrase(const trust::Run& run) {
    auto given = given_passphrase(run);
    if (!given) {
        missing_key(run);
    }
    return given;
}

std::optional<SealingKey> sealing_key(const std::optional<Passphrase>& passphrase) {
    return passphrase ? std::optional(SealingKey::of(passphrase->text)) : std::nullopt;
}

std::optional<SealingKey> key_of(const trust::Run& run, const Set& set) {
    if (set.key.empty()) {
        return std::nullopt;
    }
    std::optional<SealingKey> first;
    for (const auto& find : {variable_passphrase, file_passphrase}) {
        if (const auto passphrase = find(run)) {
            const auto key = SealingKey::of(passphrase->text);
            if (key.id() == set.key) {
                return key;
            }
            first = first ? first : key;
        }
    }
    if (!first) {
        missing_key(run);
    }
    return first;
}

std::vector<Repository> repositories_of(const trust::Run& run) {
    std::vector<Repository> repositories;
    for (const auto& declared : run.manifest.backups.repositories) {
        if (!declared.is_s3()) {
            fs::path directory;
            if (!declared.path.empty()) {
                directory = resolved(run, declared.path, declared.place);
                if (!directory.is_absolute()) {
                    throw Error(Code::variable_invalid,
                                fmt::format("the path of the repository {} is \"{}\"; expected an "
                                            "absolute one, such as /srv/backups",
                                            declared.name, directory.string()))
                        .at(declared.place);
                }
            }
            const fs::path path =
                directory.empty() ? run.state.backups() / declared.name
                                  : directory / (run.manifest.name + "-" + run.environment.name);
            repositories.emplace_back(declared.name, path, owner_of(run), directory);
        }
    }
    return repositories;
}

void remember_signer(const trust::Run& run, const SigningKey& key) {
    const auto known = read_own(signers_file(run)).value_or("");
    if (known.find(key.public_key()) == std::string::npos) {
        prepare_state(run);
        write_file(signers_file(run), known + key.public_key() + "\n", 0600, owner_of(run));
    }
}

bool is_expected(const trust::Run& run, const Repository& repository) {
    if (const auto absence = repository.absence(); absence && absence->is_unreadable) {
        return true;
    }
    std::error_code ignored;
    if (!repository.declared().empty() && !fs::exists(repository.declared(), ignored)) {
        return true;
    }
    const auto made = made_repositories(run);
    const auto found = made.find(repository.name());
    return found != made.end() && found->second == repository.path().string();
}

void make_repository(const trust::Run& run, const Repository& repository, bool anew) {
    const auto absence = repository.absence();
    std::error_code ignored;
    const bool has_place =
        repository.declared().empty() || fs::is_directory(repository.declared(), ignored);
    if (absence && has_place && !anew && is_expected(run, repository)) {
        throw Error(Code::state_unusable, absence->text,
                    fmt::format("mount its disk; if it is gone for good: "
                                "caisson backup create --begin {}",
                                repository.name()))
            .with("path", repository.path().string());
    }
    repository.prepare();
    auto made = made_repositories(run);
    if (made[repository.name()] != repository.path().string()) {
        made[repository.name()] = repository.path().string();
        prepare_state(run);
        write_file(made_file(run), boost::json::serialize(boost::json::value_from(made)) + "\n",
                   0600, owner_of(run));
    }
}

std::vector<std::string> trusted_keys(const trust::Run& run) {
    std::vector<std::string> keys;
    for (const auto& introduction : journal::known_keys(run)) {
        keys.push_back(introduction.public_key);
    }
    if (const auto remembered = read_own(signers_file(run)); remembered && !remembered->empty()) {
        for (auto& key : public_keys_of(*remembered)) {
            keys.push_back(std::move(key));
        }
    }
    return keys;
}

}  // namespace caisson::backups
