// The keys of the merchant and of the rail in every replay. They are public on purpose: to find such a pair takes as
// long as a dozen conversations, in every process anew, and what they sign is believed by nobody but a rail that is
// simulated inside the same process. No other command knows them.
#pragma once

#include "gateway/crypto/rsa.hpp"

namespace purser::replay {

// RSA with 2048 bits and two primes. Read anew at each call.
crypto::PrivateKey merchant_key();
crypto::PrivateKey platform_key();

}  // namespace purser::replay
