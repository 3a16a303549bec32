//! The steps of a recovery, and walks of them.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

#[derive(Clone, Debug)]
pub enum Act {
    Forget,
    /// Follows one of the links that were ever mailed, and enters a new password or confirms.
    Follow(usize),
    /// The same with a password that is not taken.
    FollowWeakly(usize),
    AskToChange(usize),
    AskForCode,
    EnterCode(usize),
    EnterWrongCode(usize),
    SignIn,
    /// With a password that was right once.
    SignInAsBefore(usize),
    AdminSetsAddress(usize),
    AdminSetsPassword,
    Invite,
    Wait(i64),
}

pub fn acts() -> impl Strategy<Value = (bool, Vec<Act>)> {
    let wait = prop_oneof![Just(1), Just(299), Just(601), Just(901), Just(86_401), Just(604_801)];
    let act = prop_oneof![
        3 => Just(Act::Forget),
        6 => any::<usize>().prop_map(Act::Follow),
        1 => any::<usize>().prop_map(Act::FollowWeakly),
        3 => (0_usize..3).prop_map(Act::AskToChange),
        2 => Just(Act::AskForCode),
        3 => any::<usize>().prop_map(Act::EnterCode),
        1 => any::<usize>().prop_map(Act::EnterWrongCode),
        2 => Just(Act::SignIn),
        1 => any::<usize>().prop_map(Act::SignInAsBefore),
        1 => (0_usize..3).prop_map(Act::AdminSetsAddress),
        1 => Just(Act::AdminSetsPassword),
        1 => Just(Act::Invite),
        4 => wait.prop_map(Act::Wait),
    ];
    (any::<bool>(), vec(act, 20..45))
}
