// What is wrong with certificates that a listener would show, or by which it would know clients, found before anybody
// is turned away for it. A fault is a sentence without its subject, the setting; "" is none.
#pragma once

#include "validation/money/time.hpp"

#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace purser::http {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Certificates = std::vector<Certificate>;

// In their order, up to the first place that is none.
Certificates certificates_in(const std::string& pem);

UtcTime end_of(const X509* certificate);

// Of a server's own: its certificate first, and those that vouch for it in any order. Not empty.
std::string fault_of_chain(const Certificates& chain, UtcTime now);

// Of those that vouch for clients. `security_level` is the one that clients' own chains are held to. Not empty.
std::string fault_of_authorities(const Certificates& authorities, UtcTime now, int security_level);

}  // namespace purser::http
