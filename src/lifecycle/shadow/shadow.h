// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An empty database that is as a freshly provisioned one of the platform, in which anything may be
/// tried: proofs, expected structures, differences of folders. Flow: open() finds a place (a server
/// of our own, or the address that the environment names), puts roles, extensions, rights and the
/// schema `caisson` there; the value's end takes all of it away.
///     auto shadow = shadow::open(run, database, catalogue);
///     shadow::Connections connections(shadow);
///     migrations::up(std::ref(connections), files, features, {}, {});
///     schema::snapshot(connections(true));

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "trust/catalogue.h"
#include "trust/session.h"

namespace caisson::shadow {

struct Options {
    /// The major version of PostgreSQL that it should have: a structure is worded by the server.
    /// 0: that of the private data, else the newest installed. Where the environment names an
    /// address, the server there is taken as it is.
    int major = 0;
    /// False: none of the extensions that the manifest calls optional is there, whatever the server
    /// offers, and a file that makes one is refused (42501). What is found then is the same
    /// everywhere.
    bool optional_extensions = true;
    /// A server of our own whatever address the environment names: for what renames databases.
    bool own_server = false;
    /// As many connections and as much memory as the manifest asks for, instead of little.
    bool full_size = false;
    /// Told what takes a while: "making a template of PostgreSQL 15".
    std::function<void(const std::string&)> step = {};
};

/// Where a shadow is and how to get in. Ends with the value.
class Place {
 public:
    virtual ~Place() = default;
    /// As the one who may do most there: a superuser on a server of our own.
    virtual pg::Settings admin() const = 0;
    /// As a built-in role of the database.
    virtual pg::Settings role(trust::Role role) const = 0;
    /// Whether the platform's roles are there, with the rights that provisioning gives.
    virtual bool has_roles() const { return true; }
    /// What ended a run on it, where the place knows more than the error that came of it.
    virtual std::optional<Error> explain(const Error&) const { return std::nullopt; }
};

/// A shadow that is ready: roles, database, extensions, rights, schema caisson; nothing of users.
/// Threads: one at a time.
class Shadow {
 public:
    Shadow(std::unique_ptr<Place> place, std::string text, int version,
           std::vector<std::string> notes)
        : place_(std::move(place)),
          text_(std::move(text)),
          version_(version),
          notes_(std::move(notes)) {}

    pg::Settings admin() const { return place_->admin(); }
    pg::Settings role(trust::Role role) const { return place_->role(role); }
    bool has_roles() const { return place_->has_roles(); }
    /// A better error than one that came up while it was used: server_failed or disk_full with the
    /// last words of a server of our own that is gone, or that ended the connection. Else nothing.
    std::optional<Error> explain(const Error& cause) const { return place_->explain(cause); }
    /// For people: `a server of its own (PostgreSQL 15.14)`.
    const std::string& text() const { return text_; }
    /// 150014 for 15.14.
    int version() const { return version_; }
    /// What the reader should know: an optional extension that is not offered, roles that could not
    /// be made.
    const std::vector<std::string>& notes() const { return notes_; }

 private:
    std::unique_ptr<Place> place_;
    std::string text_;
    int version_;
    std::vector<std::string> notes_;
};

/// Makes one for a database of the run. What killed runs left is swept first.
/// Errors: identity_unknown when the address holds something or is a database of the platform
/// itself; database_rejected when it gives too few rights; locked when another run works there;
/// extension_missing; server_missing, server_failed; cannot_connect; variable_invalid.
Shadow open(const trust::Run& run, const platform::Database& database,
            const std::vector<trust::CatalogueStep>& catalogue, const Options& options = {});

/// The connections of a run of migrations on a shadow: the administrator's (true) and the
/// migrator's, each opened at its first use. What migrations::Connect wants.
class Connections {
 public:
    explicit Connections(const Shadow& shadow) : shadow_(shadow) {}
    pg::Connection& operator()(bool as_admin);

 private:
    const Shadow& shadow_;
    std::optional<pg::Connection> admin_;
    std::optional<pg::Connection> migrator_;
};

}  // namespace caisson::shadow
