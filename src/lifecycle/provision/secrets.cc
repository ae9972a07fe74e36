// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/provision/secrets.h"

#include <fmt/format.h>
#include <poll.h>

#include "base/crypto.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "drivers/pg/quote.h"
#include "lifecycle/provision/provision.h"
#include "trust/locks.h"

namespace caisson::provision {
namespace {

FileLock lock_passfile(const trust::Run& run) {
    const auto path = run.state.secrets() / "pgpass.lock";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    make_directory(run.state.secrets(), 0700, run.account);
    while (true) {
        if (auto lock = FileLock::try_lock(path, "keeping secrets")) {
            return std::move(*lock);
        }
        interrupt::check();
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(Code::locked,
                        fmt::format("the secrets are being kept by {}", FileLock::holder(path)))
                .with("file", path.string());
        }
        ::poll(nullptr, 0, 5);
    }
}

}  // namespace

Secrets::Secrets(const trust::Run& run)
    : run_(run), passfile_(trust::Passfile::read(run.state.passfile())) {}

std::set<std::string> Secrets::roles_with_secret(const std::map<std::string, RoleState>& wanted,
                                                 const platform::Database& database) const {
    const std::lock_guard lock(mutex_);
    std::set<std::string> known;
    if (fs::exists(rotation_mark(database))) {
        return known;  // A rotation was cut off: the server may know either secret, so all are set
                       // again.
    }
    for (const auto& [role, state] : wanted) {
        const auto settings = settings_of(role, database);
        if (!settings.password.empty() || find(settings)) {
            known.insert(role);
        }
    }
    return known;
}

Secret Secrets::password_of(const std::string& role, const platform::Database& database) {
    const std::lock_guard lock(mutex_);
    const auto settings = settings_of(role, database);
    if (!settings.password.empty()) {
        return settings.password;
    }
    if (const auto kept = find(settings)) {
        return *kept;
    }
    auto made = random_secret();
    set(settings, made);
    return made;
}

Secret Secrets::renew(const std::string& role, const platform::Database& database) {
    const std::lock_guard lock(mutex_);
    const auto settings = settings_of(role, database);
    if (!settings.password.empty()) {
        throw Error(Code::usage,
                    fmt::format("the secret of {} comes from the environment, not from us", role),
                    "change it there, and in the server");
    }
    auto made = random_secret();
    set(settings, made);
    return made;
}

void Secrets::keep() {
    const std::lock_guard lock(mutex_);
    if (made_.empty()) {
        return;
    }
    // The file is one for all servers, their locks are not: what another run has kept meanwhile
    // stays.
    const auto file_lock = lock_passfile(run_);
    auto passfile = trust::Passfile::read(run_.state.passfile());
    for (const auto& entry : made_) {
        passfile.set(entry);
    }
    passfile.write(run_.state.passfile(), run_.account);
    made_.clear();
}

void Secrets::mark_rotation(const platform::Database& database) const {
    make_directory(run_.state.secrets(), 0700, run_.account);
    write_file(rotation_mark(database), "", 0600, run_.account);
}

void Secrets::clear_rotation(const platform::Database& database) const {
    std::error_code ignored;
    fs::remove(rotation_mark(database), ignored);
}

pg::Settings Secrets::settings_of(const std::string& role,
                                  const platform::Database& database) const {
    auto settings = trust::role_settings(run_, database, role.substr(database.name.size() + 1));
    settings.user = role;
    return settings;
}

std::optional<Secret> Secrets::find(const pg::Settings& settings) const {
    return passfile_.find(settings.host, settings.port, settings.database, settings.user);
}

void Secrets::set(const pg::Settings& settings, const Secret& secret) {
    // Roles carry their database's name, so the entry is good for any database of the server.
    made_.push_back({settings.host, std::to_string(settings.port), "*", settings.user, secret});
    passfile_.set(made_.back());
}

/// One for each database: mending the roles of one says nothing of another's.
fs::path Secrets::rotation_mark(const platform::Database& database) const {
    return run_.state.secrets() / ("rotating-" + database.key);
}

std::vector<std::string> rotate_secrets(const trust::Run& run, const platform::Database& database,
                                        const std::string& role, bool dry_run) {
    pg::Connection server(trust::server_settings(run, database));
    const trust::AdvisoryLock lock(server, server_lock, lock_limit);
    Secrets secrets(run);
    std::vector<std::string> rotated;
    std::vector<Action> actions;
    for (const auto& [name, state] : wanted_roles(run.manifest, database)) {
        if (!state.can_login || (!role.empty() && name != database.name + "_" + role)) {
            continue;
        }
        rotated.push_back(name);
        if (!dry_run) {
            const auto verifier =
                server.scram_verifier(name, secrets.renew(name, database).reveal());
            actions.push_back({name, fmt::format("alter role {} password {}", pg::identifier(name),
                                                 pg::literal(verifier))});
        }
    }
    if (rotated.empty()) {
        throw Error(Code::usage, fmt::format("{} has no login role \"{}\"", database.name, role),
                    "see the roles in docs/reference/provision.md");
    }
    if (dry_run) {
        return rotated;
    }
    // The file and the server cannot change at once: the mark tells the next run to set the kept
    // secrets again.
    secrets.mark_rotation(database);
    secrets.keep();
    fault::point("secrets-kept");
    pg::Transaction transaction(server);
    for (const auto& action : actions) {
        server.query(action.sql);
    }
    transaction.commit();
    secrets.clear_rotation(database);
    return rotated;
}

}  // namespace caisson::provision
