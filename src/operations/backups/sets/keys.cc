// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/keys.h"

#include <fmt/format.h>

#include "base/crypto.h"
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

std::optional<Passphrase> given_passphrase(const trust::Run& run) {
    const auto& backups = run.manifest.backups;
    if (!backups.key.empty()) {
        return Passphrase{
            Secret(resolved(run, backups.key, backups.repositories.front().place)), false, {}};
    }
    if (const auto text = read_own(key_file(run))) {
        return Passphrase{Secret(std::string(trim(*text))), false, key_file(run)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Account> owner_of(const trust::Run& run) {
    return run.is_private() ? run.account : std::nullopt;
}

std::optional<Passphrase> ensure_passphrase(const trust::Run& run) {
    if (!run.manifest.backups.encrypt) {
        return std::nullopt;
    }
    if (auto given = given_passphrase(run)) {
        return given;
    }
    make_directory(run.state.backups().parent_path(), 0711);
    make_directory(run.state.backups(), 0700, owner_of(run));
    const auto text = random_secret(32);
    write_file(key_file(run), text.reveal() + "\n", 0600, owner_of(run));
    return Passphrase{text, true, key_file(run)};
}

std::optional<Passphrase> find_passphrase(const trust::Run& run) {
    if (!run.manifest.backups.encrypt) {
        return std::nullopt;
    }
    auto given = given_passphrase(run);
    if (!given) {
        throw Error(Code::backup_key,
                    fmt::format("there is no key at {}, where backups were to be encrypted with "
                                "one",
                                key_file(run).string()),
                    "put the copy that was kept elsewhere there, or name its variable as "
                    "backups.key in caisson.toml");
    }
    return given;
}

std::optional<SealingKey> sealing_key(const std::optional<Passphrase>& passphrase) {
    return passphrase ? std::optional(SealingKey::of(passphrase->text)) : std::nullopt;
}

std::vector<Repository> repositories_of(const trust::Run& run) {
    std::vector<Repository> repositories;
    for (const auto& declared : run.manifest.backups.repositories) {
        if (!declared.is_s3()) {
            const fs::path path = declared.path.empty()
                                      ? run.state.backups() / declared.name
                                      : fs::path(resolved(run, declared.path, declared.place)) /
                                            (run.manifest.name + "-" + run.environment.name);
            repositories.emplace_back(declared.name, path, owner_of(run));
        }
    }
    return repositories;
}

void remember_signer(const trust::Run& run, const SigningKey& key) {
    const auto known = read_own(signers_file(run)).value_or("");
    if (known.find(key.public_key()) == std::string::npos) {
        make_directory(run.state.backups().parent_path(), 0711);
        make_directory(run.state.backups(), 0700, owner_of(run));
        write_file(signers_file(run), known + key.public_key() + "\n", 0600, owner_of(run));
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
