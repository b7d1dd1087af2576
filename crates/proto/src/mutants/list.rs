use super::Mutant;

macro_rules! mutants {
    ($($name:ident: $what:literal;)*) => {
        /// All seeded bugs, by the part that they are in.
        pub const ALL: &[Mutant] = &[$(Mutant { name: stringify!($name), what: $what }),*];
    };
}

mutants! {
    // The protocol core.
    id_by_slot_only: "a reply is matched by its slot alone, so a late one ends the next call of the slot";
    ids_repeat: "the calls of a slot all have the same id: neither generation nor salt changes";
    salt_not_compared: "an id with the wrong salt is taken for the call's own, so that ids can be guessed";
    token_by_slot_only: "the report of a failed send ends the call that is in the slot now";
    sweep_misses_last_slot: "the sweep of deadlines stops one slot too early";
    commit_over_gap: "the commit follows the newest request that is done, over older ones that are not";
    commit_one_too_far: "the committed offset is one beyond the next request";
    one_service_votes_twice: "a gather counts replies, not services";
    minimum_off_by_one: "a gather succeeds with one reply less than its minimum";
    last_header_trusted: "a request is taken to name the same reply partition as the one before it";

    // The client.
    dropped_call_keeps_slot: "a call that its caller drops stays in the table";
    failed_send_keeps_slot: "a call whose send fails at once stays in the table";
    unsent_call_keeps_place: "a call that ends before it was sent keeps its place under the limits";
    freed_place_not_told: "who waits for a place is not told that one came free";
    timeout_begins_at_send: "the time that a call waits for a place does not count";
    timeout_beats_arrived_reply: "a deadline that has passed is enforced before the replies that have arrived";
    flood_stops_sweep: "no deadline is enforced while replies come without end";
    waker_not_renewed: "a call that moves to another task wakes the one before";
    no_on_possibly_persisted: "a request whose acknowledgement was lost is called not executed";
    timeout_says_no: "a call without a reply is called not executed";
    closed_says_no: "a call that a close ended after it was sent is called not executed";
    service_error_says_no: "a service's error is called not executed, whatever the service says";
    below_minimum_says_no: "a gather below its minimum is called not executed when one of its targets did not run";
    path_lost_not_told: "the reply path is built anew at the end of the topic, and pending calls are not told";
    path_lost_stays_ready: "calls go out while the reply path is lost";
    close_leaves_calls: "a close does not end the calls that still wait";

    // The service.
    commit_when_read: "a request is done as soon as it was read";
    commit_before_reply: "a request is done as soon as its reply was handed over, acknowledged or not";
    nothing_committed: "no offset is ever committed";
    reply_topic_unchecked: "a reply goes to whichever topic the request names";
    reply_partition_ignored: "a reply goes to the partition of its id, not to the one that the request names";
    expired_request_is_run: "a request that had expired when it was read is run";
    expired_says_no: "a request that had expired when it was read is called not executed";
    panic_says_no: "a request whose handler panicked is called not executed";
    too_large_reply_says_no: "a request whose reply was too large is called not executed";
    error_reply_has_key: "an error goes out with the key that marks a plain success";
    failed_reply_given_up: "a reply whose send failed is not sent again";
    reply_resent_once: "a reply whose send failed twice is not sent again";
    reply_resent_for_ever: "a reply is sent again though nobody waits for it any more";
    given_up_reply_keeps_place: "a reply that is given up is counted as unacknowledged for ever";
    malformed_request_never_done: "a request that can not be read is never done, and nothing behind it is committed";
    left_request_is_done: "a request that is left to the partition's next owner is committed";
    revoke_does_not_wait: "revoked partitions are given up while their handlers run";
    revoked_partition_goes_on: "revoked partitions are kept: their requests run, and their offsets are committed";
    reassigned_partition_is_stale: "requests of a partition that comes back are noted in its former assignment";
    drain_before_acknowledged: "a drain ends when the handlers have, before their replies are acknowledged";
    ended_handler_keeps_place: "the place of a handler that has ended does not come free";
    concurrency_not_limited: "more handlers run at once than allowed";
}
