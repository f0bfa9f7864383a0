// Sessions of the revisions of the protocol that have them. A session is nothing but its id, which carries a seal over
// whom it was opened for, so any daemon knows it again; what the store keeps is that one was ended, and what its client
// wants to hear of. An id is no authority: who asks has shown a key or a token of his own.
#pragma once

#include "agent/identity/caller.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/store/store.hpp"

#include <string>

namespace purser::mcp {

class Sessions {
 public:
  Sessions(Store& store, Mint& mint, Clock& clock) : store_(store), mint_(mint), clock_(clock) {}

  std::string open(const Caller& caller);
  // Errors: not_found for an id that was not given out, was given to another tenant or user, or has ended; the store's.
  Task<Result<void>> check(Caller caller, std::string id);
  // For good. Ending what has ended is no error.
  Task<Result<void>> end(Caller caller, std::string id);
  // The conversation of a session that named none.
  ThreadId thread_of(const Caller& caller, const std::string& id) const;

  // Whether the client of a session hears of a resource. Both may be repeated.
  Task<Result<void>> subscribe(std::string id, std::string uri);
  Task<Result<void>> unsubscribe(std::string id, std::string uri);
  Task<Result<bool>> subscribed(std::string id, std::string uri);

  // A question, by its state, that the user has said no to stays said no to: the state that carried it is spent.
  Task<Result<void>> decline(std::string state);
  Task<Result<bool>> declined(std::string state);

 private:
  std::string seal(const Caller& caller, const std::string& token) const;
  Task<Result<void>> note(std::string scope, std::string key);

  Store& store_;
  Mint& mint_;
  Clock& clock_;
};

}  // namespace purser::mcp
