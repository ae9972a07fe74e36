// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A shadow in a database that the user gives: refused unless empty, marked while it is used,
/// emptied afterwards, by the next run when this one is killed.

#include <set>
#include <string>
#include <vector>

#include "lifecycle/shadow/shadow.h"
#include "trust/locks.h"

namespace caisson::shadow {

class Address : public Place {
 public:
    /// Looks that it is empty and takes its lock. Nothing is written yet.
    /// Errors: identity_unknown, locked, cannot_connect.
    Address(pg::Settings settings, const trust::Run& run, const platform::Database& database);
    Address(const Address&) = delete;
    Address& operator=(const Address&) = delete;
    ~Address() override;

    pg::Settings admin() const override { return settings_; }
    /// The same login, which becomes the role where it may.
    pg::Settings role(trust::Role role) const override;
    pg::Connection& connection() { return connection_; }

    /// The step of the catalogue that leaves the mark together with the schema.
    trust::CatalogueStep marked(trust::CatalogueStep first) const;
    /// Makes the roles that are missing, without login; notes on those that it may not make, and on
    /// those of earlier shadows that are somebody's by now.
    std::vector<std::string> make_roles(const trust::Run& run, const platform::Database& database);
    /// Whether everything below the roles can be done as provisioning does it.
    bool has_roles() const override { return has_roles_; }

 private:
    pg::Settings settings_;
    pg::Connection connection_;
    platform::Database database_;
    trust::AdvisoryLock lock_;
    std::set<std::string> extensions_before_;
    std::set<std::string> defaults_before_;  ///< Default privileges that are not ours.
    std::string before_;                     ///< The circumstances.
    std::vector<std::string> left_roles_;    ///< Of an earlier shadow, and somebody's by now.
    std::vector<std::string> revokes_;       ///< Of the memberships that we gave ourselves.
    bool has_roles_ = false;
};

/// What of users is in the database, named for people: `table public.users`. At most `limit`.
std::vector<std::string> contents(pg::Connection& connection, std::size_t limit);
/// Removes all of it, and every extension but `kept`.
void clean(pg::Connection& connection, const std::set<std::string>& kept);

}  // namespace caisson::shadow
