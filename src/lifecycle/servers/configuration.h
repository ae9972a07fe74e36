// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the private servers are told: texts made of the manifest, and checked before a server
/// reads them. Pure but for the checks, which ask the server programs themselves.

#include <map>
#include <string>
#include <vector>

#include "base/secret.h"
#include "lifecycle/servers/programs.h"
#include "trust/session.h"

namespace caisson::servers {

/// caisson.conf, included last from postgresql.conf.
std::string postgres_configuration(const trust::Run& run, const PostgresPrograms& programs);
/// pg_hba.conf: SCRAM for everybody, TLS for everything that is not the Unix socket.
std::string access_rules();
/// redis.conf. It holds the password: 0600.
std::string redis_configuration(const trust::Run& run, const Secret& password);

/// Errors: platform_invalid, listing every setting of [server.postgres] that this PostgreSQL would
/// refuse, with its reason.
void check_postgres_settings(const trust::Run& run, const PostgresPrograms& programs);
/// The same for [server.redis].
void check_redis_settings(const trust::Run& run, const fs::path& redis_server);

/// The addresses of loopback that exist here: 127.0.0.1, and ::1 where IPv6 is on.
std::vector<std::string> loopback_addresses();

}  // namespace caisson::servers
