// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Takes messages to whom they are for: the thin edge.

#include <chrono>
#include <string>
#include <vector>

#include "base/secret.h"
#include "operations/monitor/alerts/alert.h"
#include "trust/session.h"

namespace caisson::alerts {

/// A delivery of the manifest with its references replaced.
struct Destination {
    platform::AlertDelivery delivery;
    Secret webhook;  ///< The address itself is often a secret.
    Secret secret;
    std::string smtp;
    std::string from;
    std::string user;
    Secret password;
    std::chrono::milliseconds limit{10'000};
};

/// Errors: variable_invalid, with the place, when a variable is missing; server_missing when a
/// command's program is.
Destination destination_of(const trust::Run& run, const platform::AlertDelivery& delivery);

/// All of them in one request, mail, run of the command, or line of the log each. A webhook gets
/// `X-Caisson-Timestamp` (seconds since the epoch), `X-Caisson-Signature` (signature_of()) and
/// `X-Caisson-Delivery`, which is id_of(): the same when the same is tried again. Errors:
/// cannot_connect when the receiver is not there or refuses; server_failed, server_missing of a
/// command; interrupted.
void deliver(const Destination& destination, const std::vector<Message>& messages);

}  // namespace caisson::alerts
