// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/environment.h"

#include "drivers/pg/tls.h"

namespace caisson::pg {

std::map<std::string, std::string> environment_of(const Settings& settings) {
    const auto tls = tls_of(settings);
    std::map<std::string, std::string> variables = {
        {"PGHOST", settings.host},
        {"PGHOSTADDR", settings.address},
        {"PGPORT", std::to_string(settings.port)},
        {"PGDATABASE", settings.database},
        {"PGUSER", settings.user},
        {"PGPASSWORD", settings.password.reveal()},
        {"PGPASSFILE", settings.passfile},
        {"PGSSLMODE", tls.mode},
        {"PGSSLROOTCERT", tls.root},
        {"PGSSLMINPROTOCOLVERSION", tls.min_version},
        {"PGCHANNELBINDING", tls.channel_binding},
        {"PGAPPNAME", settings.application},
        {"PGCONNECT_TIMEOUT", std::to_string(settings.connect_limit.count())},
        {"PGCLIENTENCODING", "UTF8"}};
    std::erase_if(variables, [](const auto& variable) { return variable.second.empty(); });
    return variables;
}

}  // namespace caisson::pg
