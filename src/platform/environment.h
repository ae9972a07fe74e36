// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Variables and what they resolve to. The process's environment is a value here, so that
/// everything is testable.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "platform/platform.h"

namespace caisson::platform {

using Variables = std::map<std::string, std::string>;

/// The environment of this process, with the platform's `.env` file below it where there is one (a
/// variable that is set wins over the file). Errors: variable_invalid, with the line, when .env
/// cannot be read as one.
Variables process_variables(const Manifest& manifest);

/// What a `.env` file says: NAME=value, `export NAME=value`, comments; values bare, in single
/// quotes (as they stand) or in double quotes (\n, \t, \r, \", \\ and \$ mean what they do in C and
/// shells), quoted ones over several lines where they are. Nothing is interpolated. `file` names
/// the text in errors. Errors: variable_invalid, listing every line that cannot be read; never
/// repeating a value.
Variables parse_env_file(const std::string& text, const std::string& file = ".env");

enum class Finding { fine, missing, invalid, deprecated, unknown_reference };

/// What the check of one variable found.
struct VariableState {
    std::string name;
    Finding finding = Finding::fine;
    bool is_set = false;
    std::string source;   ///< environment, file, command, default, or empty.
    std::string message;  ///< Without the value when it is secret.
};
/// Every declared variable, in the order of the manifest, against its declaration for this
/// environment.
std::vector<VariableState> check_variables(const Manifest& manifest, const Environment& environment,
                                           const Variables& variables);
/// The text of `.env.example`, grouped and commented. Secrets have no value in it.
std::string env_example(const Manifest& manifest);

/// The value of a variable: environment (own name, then old names), file, command, default. An
/// empty value counts as none, as compose files pass on what is not set. A command's answer is kept
/// for a minute, because secret managers are slow. Errors: variable_invalid when its command fails;
/// usage when it is not declared.
std::optional<Secret> value_of(const Manifest& manifest, const std::string& name,
                               const Variables& variables);

/// Where a server is and as whom; every `${NAME}` replaced, URLs taken apart.
struct Endpoint {
    std::string host;  ///< A name, an address, or the directory of a Unix socket.
    std::uint16_t port = 0;
    std::string database;
    std::string user;
    Secret password;
    std::string tls;
    std::string tls_root;
    std::string tls_min;
    std::string channel_binding;
    /// Where the administrator connects while `database` does not exist yet.
    std::string maintenance_database = "postgres";
    /// Parameters of a URL that mean nothing to us, such as Prisma's `schema`: to be reported, not
    /// to be obeyed.
    std::vector<std::string> ignored;
};

/// The administrator's, a role's (by suffix: `migrator`, `app`, …) and Redis's endpoint of a remote
/// environment. A role without an address of its own gets the environment's host with its
/// conventional name. Errors: variable_invalid, with the place, when a variable is missing;
/// weak_password when the password is one that everybody knows (postgres, password, admin, the
/// user's own name, …) outside a private environment (LUM-16).
Endpoint admin_endpoint(const Manifest&, const Environment&, const Database&, const Variables&);
Endpoint role_endpoint(const Manifest&, const Environment&, const Database&,
                       const std::string& role, const Variables&);
std::optional<Endpoint> redis_endpoint(const Manifest&, const Environment&, const Variables&);
/// The empty database that the environment names for proofs, else the one in the variable
/// SHADOW_DATABASE_URL where the manifest declares it and it is set; nothing otherwise.
/// Errors: variable_invalid.
std::optional<Endpoint> shadow_endpoint(const Manifest&, const Environment&, const Variables&);

/// A text of the manifest with every `${NAME}` replaced. Errors: variable_invalid, with the place.
Secret resolved(const Manifest&, const Environment&, const std::string& text, const Place& place,
                const Variables&);

/// postgresql://user:password@host:port/database?sslmode=… taken apart; percent signs decoded. Also
/// postgres://, SQLAlchemy's postgresql+driver:// and jdbc:postgresql://; redis:// and rediss://,
/// whose database is a number and which with the second means TLS. What the URL does not say is
/// empty, the port 0. Source: PostgreSQL, "Connection URIs"; IANA's registrations of redis and
/// rediss; RFC 3986. Errors: variable_invalid, never repeating the text (it may hold a password).
Endpoint parse_url(const std::string& url, const Place& place);

}  // namespace caisson::platform
