//! Values that layers attach to a request. They do not travel.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
};

/// A value of each type that layers want to pass on with a request, such as a retry policy or a
/// cache key. Extensions never leave the process.
///
/// ```
/// use antiphon::Request;
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Tenant(u32);
///
/// let mut request = Request::new("orders");
/// request.extensions_mut().insert(Tenant(7));
/// assert_eq!(request.extensions().get::<Tenant>(), Some(&Tenant(7)));
/// ```
#[derive(Clone, Default)]
pub struct Extensions(HashMap<TypeId, Box<dyn Extension>>);

/// What can be an extension: implemented for every type that can be cloned.
trait Extension: Any + Send + Sync {
    fn boxed(&self) -> Box<dyn Extension>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: Clone + Send + Sync + 'static> Extension for T {
    fn boxed(&self) -> Box<dyn Extension> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Clone for Box<dyn Extension> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl Extensions {
    /// No extensions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value in, and returns the one of the same type that was there.
    pub fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        let before = self.0.insert(TypeId::of::<T>(), Box::new(value))?;
        before.into_any().downcast().ok().map(|before| *before)
    }

    /// The value of this type.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        let found = self.0.get(&TypeId::of::<T>())?;
        (**found).as_any().downcast_ref()
    }

    /// Takes the value of this type out.
    pub fn remove<T: Clone + Send + Sync + 'static>(&mut self) -> Option<T> {
        let found = self.0.remove(&TypeId::of::<T>())?;
        found.into_any().downcast().ok().map(|found| *found)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extensions")
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type_is_kept() {
        let mut extensions = Extensions::new();
        assert_eq!(extensions.insert(1_u32), None);
        assert_eq!(extensions.insert("two"), None);
        assert_eq!(extensions.insert(3_u32), Some(1));
        let copy = extensions.clone();
        assert_eq!(extensions.remove::<u32>(), Some(3));
        assert_eq!((extensions.len(), copy.len()), (1, 2));
        assert_eq!(copy.get::<&str>(), Some(&"two"));
    }
}
